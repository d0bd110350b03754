#include "cnode/command_line.hpp"

#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "cnode/options.hpp"

namespace groot {
namespace {

constexpr const char* help = R"(Usage: groot_node [OPTIONS]

A Groot node that is no BEAM: joins an Erlang cluster and shares the key-value store of the Elixir
nodes there.

Name and cluster
  --sname NAME[@HOST]         Short node name; default: groot
  --name NAME[@HOST.DOMAIN]   Long node name, or with an IP address: groot@10.0.0.7
  --cookie COOKIE             The cluster's cookie. Others on this machine can see it in the list of
                              processes; a file is safer
  --cookie-file FILE          File with the cookie, accessible by its owner only
  --connect NODE              Keep a connection to this node, and find the whole cluster through it;
                              may be given several times

Network
  --listen PORT               TCP port to listen on; default: any free one
  --net-ticktime SECONDS      A peer silent for so long is taken for dead: use the cluster's value,
                              4 to 86400; default: 60
  --start-epmd                Start `epmd -daemon` when no epmd runs (the default)
  --no-start-epmd             Do not: fail when no epmd runs
  --visibility HOW            How the cluster sees this node; default: hidden
                                hidden     in nobody's Node.list(); it asks for what it is not sent
                                visible    like any Elixir node, which sends it each write at once
  --remote-admin HOW          What the holders of the cookie may call here; default: full
                                full       all that the manual lists: also connecting, disconnecting
                                           and cookies
                                groot      Groot and questions; nothing that changes the node
                                off        nothing; writes and full states still come and go

Store
  --hidden-feed HOW           How a hidden node hears what Elixir nodes write, which they send to
                              visible nodes only; default: announce
                                announce   ask a node for its state after each change
                                tap        have a node forward each write at once, by a function
                                           installed in its storage process
                                off        do not: only what nodes of this kind send
  --max-value-size BYTES      Larger values are refused; KB and MB of 1024 are understood, up to
                              512MB; default: 64MB
  --tombstone-ttl SECONDS     For so long a delete is remembered, to correct nodes that missed it;
                              default: 86400

Data
  --data-dir DIR              Registers outlive the node in this directory, which is made when
                              absent; default: they are in memory only
  --durability HOW            When a write is in the directory; default: async
                                async      at most 50 ms after it was answered
                                sync       before it is answered
  --data-max-size BYTES       The file there grows no larger; KB, MB, GB of 1024 are understood;
                              default: as large as it gets
  --restamp-future            Registers there that are stamped more than 300 s ahead of now get
                              stamps of now: once, after a run whose clock was wrong. Not while
                              other nodes hold them: from those they come back as they were
  --bring-back-dropped        Registers that were set aside there after a long absence, because a
                              peer had deleted them meanwhile, are set again: once

Other
  --log-level LEVEL           The least important lines to log: debug, info, warning or error;
                              default: info
  --print-name                Print `sname` or `name` and the node's full name, and leave
  --version                   Print the version
  -h, --help                  Print this

The cookie is taken from --cookie, --cookie-file, RELEASE_COOKIE or ~/.erlang.cookie, in that
order; the last is made when absent. Without --name and --sname the name is RELEASE_NODE, of the
kind that RELEASE_DISTRIBUTION says (name or sname). ERL_EPMD_PORT and ERL_EPMD_ADDRESS are
honoured. SIGTERM and SIGINT make the node leave the cluster cleanly; SIGHUP makes it read the file
of the cookie again.

Examples
  groot_node --sname groot --connect app@myhost
  groot_node --name groot@10.0.0.7 --connect app@10.0.0.5 --cookie-file /etc/groot.cookie
)";

const std::map<std::string, HiddenFeed> feeds{
    {"announce", HiddenFeed::announce}, {"tap", HiddenFeed::tap}, {"off", HiddenFeed::off}};
const std::map<std::string, Visibility> visibilities{{"hidden", Visibility::hidden},
                                                     {"visible", Visibility::visible}};
const std::map<std::string, RemoteAdmin> admins{
    {"full", RemoteAdmin::full}, {"groot", RemoteAdmin::groot}, {"off", RemoteAdmin::off}};
const std::map<std::string, Durability> durabilities{{"async", Durability::async},
                                                     {"sync", Durability::sync}};
const std::map<std::string, LogLevel> levels{{"debug", LogLevel::debug},
                                             {"info", LogLevel::info},
                                             {"warning", LogLevel::warning},
                                             {"error", LogLevel::error}};

// What the parser writes into, before it becomes NodeOptions.
struct Raw {
  std::string short_name;
  std::string long_name;
  std::string hidden_feed = "announce";
  std::string log_level = "info";
  std::string visibility = "hidden";
  std::string remote_admin = "full";
  std::string durability = "async";
  std::uint64_t max_value_size = 0;
  std::int64_t net_ticktime_s = 0;
  std::int64_t tombstone_ttl_s = 0;
  bool print_name = false;
};

// An option that was given, but from a variable that is not set, must not count as left out.
std::string check_not_empty(const std::string& text) {
  return text.empty() ? "must not be empty" : "";
}

void add_options(CLI::App& app, NodeOptions& node, Raw& raw) {
  auto* short_name = app.add_option("--sname", raw.short_name)->check(check_not_empty);
  app.add_option("--name", raw.long_name)->check(check_not_empty)->excludes(short_name);
  auto* cookie = app.add_option("--cookie", node.cookie)->check(check_not_empty);
  app.add_option("--cookie-file", node.cookie_file)->check(check_not_empty)->excludes(cookie);
  app.add_option("--connect", node.connect)->allow_extra_args(false);
  app.add_option("--listen", node.listen_port);
  app.add_option("--net-ticktime", raw.net_ticktime_s);
  app.add_flag("--start-epmd,!--no-start-epmd", node.start_epmd);
  app.add_option("--visibility", raw.visibility)->check(CLI::IsMember(visibilities));
  app.add_option("--remote-admin", raw.remote_admin)->check(CLI::IsMember(admins));
  app.add_option("--hidden-feed", raw.hidden_feed)->check(CLI::IsMember(feeds));
  app.add_option("--max-value-size", raw.max_value_size)->transform(CLI::AsSizeValue(false));
  app.add_option("--tombstone-ttl", raw.tombstone_ttl_s)
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{tombstone_ttl_max.count()}));
  auto* data_dir = app.add_option("--data-dir", node.data_dir)->check(check_not_empty);
  app.add_option("--durability", raw.durability)
      ->check(CLI::IsMember(durabilities))
      ->needs(data_dir);
  app.add_option("--data-max-size", node.data_max_size)
      ->transform(CLI::AsSizeValue(false))
      ->needs(data_dir);
  app.add_flag("--restamp-future", node.restamp_future)->needs(data_dir);
  app.add_flag("--bring-back-dropped", node.bring_back_dropped)->needs(data_dir);
  app.add_flag("--print-name", raw.print_name);
  app.add_option("--log-level", raw.log_level)->check(CLI::IsMember(levels));
}

Exit refusal(const std::string& why) {
  return {"groot_node: " + why + " (see --help)\n", 1};
}

Exit printed_name(const NodeOptions& options) {
  const auto own = own_name(options, process_environment());
  if (!own) return refusal(own.error().text());
  return {(own->long_names ? "name " : "sname ") + own->name.full() + "\n", 0};
}

}  // namespace

std::variant<CommandLine, Exit> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  line.node.start_epmd = true;
  Raw raw;
  raw.max_value_size = line.node.max_value_size;
  raw.net_ticktime_s = line.node.net_ticktime.count();
  raw.tombstone_ttl_s =
      std::chrono::duration_cast<std::chrono::seconds>(line.node.tombstone_ttl).count();

  CLI::App app;
  app.set_version_flag("--version", "");
  add_options(app, line.node, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Exit{help, 0};
  } catch (const CLI::CallForVersion&) {
    return Exit{"groot_node " GROOT_VERSION "\n", 0};
  } catch (const CLI::ParseError& wrong) {
    return refusal(wrong.what());
  }

  line.log_level = levels.at(raw.log_level);
  line.node.visibility = visibilities.at(raw.visibility);
  line.node.remote_admin = admins.at(raw.remote_admin);
  line.node.hidden_feed = feeds.at(raw.hidden_feed);
  line.node.durability = durabilities.at(raw.durability);
  line.node.long_names = !raw.long_name.empty();
  line.node.name = line.node.long_names ? raw.long_name : raw.short_name;
  line.node.max_value_size = raw.max_value_size;
  line.node.net_ticktime = std::chrono::seconds(raw.net_ticktime_s);
  line.node.tombstone_ttl = std::chrono::seconds(raw.tombstone_ttl_s);
  if (raw.print_name) return printed_name(line.node);
  return line;
}

}  // namespace groot
