#include "cnode/command_line.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "cnode/options.hpp"

using groot::CommandLine;
using groot::Durability;
using groot::Exit;
using groot::HiddenFeed;
using groot::LogLevel;
using groot::parse_command_line;
using groot::RemoteAdmin;
using groot::Visibility;

namespace {

std::variant<CommandLine, Exit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "groot_node");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

CommandLine accepted(std::vector<const char*> arguments) {
  auto parsed = parse(std::move(arguments));
  const auto* exit = std::get_if<Exit>(&parsed);
  INFO((exit != nullptr ? exit->text : std::string()));
  REQUIRE(exit == nullptr);
  return std::get<CommandLine>(parsed);
}

Exit refused(std::vector<const char*> arguments) {
  auto parsed = parse(std::move(arguments));
  REQUIRE(std::holds_alternative<Exit>(parsed));
  return std::get<Exit>(parsed);
}

}  // namespace

TEST_CASE("nothing given: the defaults, with epmd started when absent") {
  const auto line = accepted({});
  const groot::NodeOptions defaults;
  CHECK(line.node.name.empty());
  CHECK_FALSE(line.node.long_names);
  CHECK(line.node.cookie.empty());
  CHECK(line.node.listen_port == 0);
  CHECK(line.node.net_ticktime == defaults.net_ticktime);
  CHECK(line.node.visibility == Visibility::hidden);
  CHECK(line.node.remote_admin == RemoteAdmin::full);
  CHECK(line.node.hidden_feed == HiddenFeed::announce);
  CHECK(line.node.max_value_size == defaults.max_value_size);
  CHECK(line.node.tombstone_ttl == defaults.tombstone_ttl);
  CHECK(line.node.start_epmd);
  CHECK(line.log_level == LogLevel::info);
}

TEST_CASE("what is durable, and where") {
  const auto defaults = accepted({});
  CHECK(defaults.node.data_dir.empty());
  CHECK(defaults.node.durability == Durability::async);
  CHECK(defaults.node.data_max_size == 0);
  const auto line =
      accepted({"--data-dir", "some/where", "--durability", "sync", "--data-max-size", "2GB"});
  CHECK(line.node.data_dir == "some/where");
  CHECK(line.node.durability == Durability::sync);
  CHECK(line.node.data_max_size == std::uint64_t{2} << 30);
  CHECK_FALSE(line.node.restamp_future);
  CHECK(accepted({"--data-dir", "x", "--restamp-future"}).node.restamp_future);
  CHECK(refused({"--restamp-future"}).status == 1);
  CHECK(refused({"--durability", "sync"}).status == 1);
  CHECK(refused({"--data-dir", "x", "--durability", "perhaps"}).status == 1);
}

TEST_CASE("every option reaches the node") {
  const auto line =
      accepted({"--sname",         "n",     "--cookie",     "C",       "--connect",        "a@box",
                "--connect",       "b@box", "--listen",     "9100",    "--net-ticktime",   "20",
                "--hidden-feed",   "tap",   "--visibility", "visible", "--max-value-size", "2MB",
                "--tombstone-ttl", "3600",  "--log-level",  "warning", "--remote-admin",   "groot",
                "--no-start-epmd"});
  CHECK(line.node.name == "n");
  CHECK_FALSE(line.node.long_names);
  CHECK(line.node.cookie == "C");
  CHECK(line.node.connect == std::vector<std::string>{"a@box", "b@box"});
  CHECK(line.node.listen_port == 9100);
  CHECK(line.node.net_ticktime == std::chrono::seconds(20));
  CHECK(line.node.visibility == Visibility::visible);
  CHECK(line.node.remote_admin == RemoteAdmin::groot);
  CHECK(line.node.hidden_feed == HiddenFeed::tap);
  CHECK(line.node.max_value_size == std::size_t{2} << 20);
  CHECK(line.node.tombstone_ttl == std::chrono::hours(1));
  CHECK(line.log_level == LogLevel::warning);
  CHECK_FALSE(line.node.start_epmd);
}

TEST_CASE("a long name, a cookie file") {
  const auto line = accepted({"--name", "n@10.0.0.1", "--cookie-file", "/c", "--start-epmd"});
  CHECK(line.node.name == "n@10.0.0.1");
  CHECK(line.node.long_names);
  CHECK(line.node.cookie_file == "/c");
  CHECK(line.node.start_epmd);
}

TEST_CASE("sizes have suffixes of 1024") {
  CHECK(accepted({"--max-value-size", "1000"}).node.max_value_size == 1000);
  CHECK(accepted({"--max-value-size", "64KB"}).node.max_value_size == 65'536);
  CHECK(accepted({"--max-value-size", "64kib"}).node.max_value_size == 65'536);
  CHECK(accepted({"--max-value-size", "1GB"}).node.max_value_size == std::size_t{1} << 30);
}

TEST_CASE("what cannot be meant is refused with status 1 and the option's name") {
  const std::vector<std::vector<const char*>> wrong{
      {"--sname", "a", "--name", "b"},
      {"--cookie", "C", "--cookie-file", "F"},
      {"--sname", ""},
      {"--name", ""},
      {"--cookie", ""},
      {"--cookie-file", ""},
      {"--tombstone-ttl", "0"},
      {"--tombstone-ttl", "9223372036854775"},  // in milliseconds more than there are
      {"--tombstone-ttl", "9223372036854775807"},
      {"--listen", "65536"},
      {"--listen", "-1"},
      {"--net-ticktime", "soon"},
      {"--hidden-feed", "loud"},
      {"--visibility", "dim"},
      {"--remote-admin", "some"},
      {"--max-value-size", "big"},
      {"--log-level", "all"},
      {"--connect"},
      {"--no-such-option"},
  };
  for (const auto& arguments : wrong) {
    CAPTURE(arguments[0]);
    const auto exit = refused(arguments);
    CHECK(exit.status == 1);
    CHECK(exit.text.find(arguments[0]) != std::string::npos);
  }
  CHECK(refused({"stray"}).status == 1);
}

TEST_CASE("the node's name can be asked for") {
  const auto name = refused({"--name", "n@127.0.0.1", "--print-name"});
  CHECK(name.text == "name n@127.0.0.1\n");
  CHECK(name.status == 0);
  CHECK(refused({"--print-name", "--sname", "n@box"}).text == "sname n@box\n");
  const std::string host = groot::host_names(false).short_name;
  CHECK(refused({"--print-name", "--sname", "n"}).text == "sname n@" + host + "\n");
  CHECK(refused({"--print-name", "--sname", "n@box.org"}).status == 1);
}

TEST_CASE("help and version are no failures") {
  const auto help = refused({"--help"});
  CHECK(help.status == 0);
  for (const char* option :
       {"--sname", "--name", "--cookie", "--cookie-file", "--connect", "--listen", "--net-ticktime",
        "--hidden-feed", "--visibility", "--remote-admin", "--max-value-size", "--tombstone-ttl",
        "--log-level", "--start-epmd", "--print-name", "--version", "--help", "RELEASE_COOKIE",
        "ERL_EPMD_PORT"}) {
    CAPTURE(option);
    CHECK(help.text.find(option) != std::string::npos);
  }
  const auto version = refused({"--version"});
  CHECK(version.status == 0);
  CHECK(version.text.find("groot_node ") == 0);
}
