#include "cnode/process/node_functions.hpp"

#include <algorithm>

#include "cnode/process/limits.hpp"
#include "cnode/process/process_error.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

using ei_codec::atom;

// nodes/1 takes one kind or a list of them.
Result<std::vector<std::string>> node_kinds(ScannedTerm argument) {
  ei_codec::TermReader reader(argument);
  if (auto kind = reader.take_any_atom()) return std::vector<std::string>{*std::move(kind)};
  std::vector<std::string> kinds;
  const auto list = Arguments::read(argument);
  if (!list) return bad_argument("not a kind of nodes");
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto kind = atom_argument(*list, i);
    if (!kind) return kind.error();
    kinds.push_back(*std::move(kind));
  }
  return kinds;
}

}  // namespace

void NodeFunctions::add_to(RemoteFunctions& functions) {
  add_views(functions);
  add_time(functions);
  add_connecting(functions);
}

void NodeFunctions::add_views(RemoteFunctions& functions) {
  const auto self = [this](const Arguments&, const Now&) { return value(atom(self_.full())); };
  const auto visible = [this](const Arguments&, const Now&) { return nodes({"visible"}); };
  const auto of_kind = [this](const Arguments& args, const Now&) {
    auto kinds = node_kinds(args[0]);
    return kinds ? nodes(*std::move(kinds)) : Result<Bytes>(kinds.error());
  };
  const auto alive = [](const Arguments&, const Now&) { return value(ei_codec::boolean(true)); };
  functions.add_immediate("erlang", "node", 0, self);
  functions.add_immediate("Elixir.Node", "self", 0, self);
  functions.add_immediate("Elixir.Kernel", "node", 0, self);
  // How nodes of ours find the cluster through each other.
  functions.add_immediate("erlang", "nodes", 0, visible, Use::replication);
  functions.add_immediate("Elixir.Node", "list", 0, visible);
  functions.add_immediate("erlang", "nodes", 1, of_kind);
  functions.add_immediate("Elixir.Node", "list", 1, of_kind);
  functions.add_immediate("erlang", "is_alive", 0, alive);
  functions.add_immediate("Elixir.Node", "alive?", 0, alive);
  const auto exported = [&functions](const Arguments& args, const Now&) -> Result<Bytes> {
    const auto module = atom_argument(args, 0);
    if (!module) return module.error();
    const auto function = atom_argument(args, 1);
    if (!function) return function.error();
    ei_codec::TermReader reader(args[2]);
    if (reader.kind() != ei_codec::TermKind::integer) {
      return bad_argument("argument 3 is not an arity");
    }
    // A number that is no arity is none of an exported function.
    const auto arity = reader.take_uint64();
    return value(ei_codec::boolean(arity && functions.exports(*module, *function, *arity)));
  };
  functions.add_immediate("erlang", "function_exported", 3, exported);
  functions.add_immediate("Elixir.Kernel", "function_exported?", 3, exported);
}

// What nodes hold their deadlines against: the time that this one goes by, not its wall clock.
void NodeFunctions::add_time(RemoteFunctions& functions) {
  functions.add_immediate(
      "erlang", "system_time", 1,
      [](const Arguments& args, const Now& now) -> Result<Bytes> {
        const auto unit = atom_argument(args, 0);
        if (!unit) return unit.error();
        if (*unit == "second") return value(now.wall_ms / 1'000);
        if (*unit == "millisecond") return value(now.wall_ms);
        if (*unit == "microsecond") return value(now.wall_ms * 1'000);
        if (*unit == "nanosecond" || *unit == "native") return value(now.wall_ms * 1'000'000);
        return bad_argument("not a unit of time: " + *unit);
      },
      Use::replication);
}

void NodeFunctions::add_connecting(RemoteFunctions& functions) {
  const auto add_connect = [&](std::string_view module, std::string_view function, Term yes,
                               Term no) {
    functions.add(
        module, function, 1,
        [this, yes, no](const Arguments& args, const Now& now, const Finish& finish) {
          connect(args, yes, no, now, finish);
        },
        Use::administration);
  };
  add_connect("net_kernel", "connect_node", ei_codec::boolean(true), ei_codec::boolean(false));
  add_connect("Elixir.Node", "connect", ei_codec::boolean(true), ei_codec::boolean(false));
  add_connect("net_adm", "ping", atom("pong"), atom("pang"));
  add_connect("Elixir.Node", "ping", atom("pong"), atom("pang"));

  const auto disconnect_node = [this](const Arguments& args, const Now&) {
    return disconnect(args);
  };
  const auto add = [&](std::string_view module, std::string_view function, std::size_t arity,
                       const RemoteFunctions::Immediate& body) {
    functions.add_immediate(module, function, arity, body, Use::administration);
  };
  add("erlang", "disconnect_node", 1, disconnect_node);
  add("net_kernel", "disconnect", 1, disconnect_node);
  add("Elixir.Node", "disconnect", 1, disconnect_node);

  const auto own_cookie = [this](const Arguments& args, const Now&) -> Result<Bytes> {
    auto cookie = atom_argument(args, 0);
    if (!cookie) return cookie.error();
    return set_cookie(std::nullopt, *std::move(cookie));
  };
  const auto peer_cookie = [this](const Arguments& args, const Now&) -> Result<Bytes> {
    auto node = atom_argument(args, 0);
    if (!node) return node.error();
    auto cookie = atom_argument(args, 1);
    if (!cookie) return cookie.error();
    return set_cookie(*std::move(node), *std::move(cookie));
  };
  add("erlang", "set_cookie", 1, own_cookie);
  add("Elixir.Node", "set_cookie", 1, own_cookie);
  add("erlang", "set_cookie", 2, peer_cookie);
  add("Elixir.Node", "set_cookie", 2, peer_cookie);

  // Whoever asks has a cookie already. It may be another than the cluster's (set_cookie/2), and
  // what an answer carries may be logged.
  for (const std::string_view module : {"erlang", "Elixir.Node"}) {
    for (const std::size_t arity : {0U, 1U}) {
      functions.add_refused(module, "get_cookie", arity, "this node tells its cookie to nobody");
    }
  }
}

Result<Bytes> NodeFunctions::nodes(std::vector<std::string> kinds) {
  bool visible = false;
  bool hidden = false;
  bool self = false;
  bool away = false;
  for (const std::string& kind : kinds) {
    const bool all = kind == "connected" || kind == "known";
    if (!all && kind != "visible" && kind != "hidden" && kind != "this") {
      return bad_argument("not a kind of nodes: " + kind);
    }
    visible = visible || all || kind == "visible";
    hidden = hidden || all || kind == "hidden";
    self = self || kind == "known" || kind == "this";
    away = away || kind == "known";
  }
  std::vector<Term> names;
  if (self) names.push_back(atom(self_.full()));
  for (const auto& [link, peer] : peers_.all()) {
    if (peer.info.visible() ? visible : hidden) names.push_back(atom(peer.name()));
  }
  if (away) {
    for (const std::string& name : peers_.away()) names.push_back(atom(name));
  }
  return value(ei_codec::list(std::move(names)));
}

Result<Bytes> NodeFunctions::disconnect(const Arguments& arguments) {
  const auto name = atom_argument(arguments, 0);
  auto peer = name ? NodeName::parse(*name) : Result<NodeName>(name.error());
  const bool known = peer && peers_.find(*name) != nullptr;
  // Also while it is away: an attempt under way ends, too.
  if (peer) outbox_.act(Disconnect{*std::move(peer)});
  return value(ei_codec::boolean(known));
}

Result<Bytes> NodeFunctions::set_cookie(std::optional<std::string> node, std::string cookie) {
  std::optional<NodeName> peer;
  if (node && *node != self_.full()) {
    auto parsed = NodeName::parse(*node);
    if (!parsed) return parsed.error();
    peer = *std::move(parsed);
  }
  outbox_.act(SetCookie{std::move(peer), std::move(cookie)});
  return value(ei_codec::boolean(true));
}

void NodeFunctions::connect(const Arguments& arguments, Term yes, Term no, const Now& now,
                            const Finish& finish) {
  const auto name = atom_argument(arguments, 0);
  auto peer = name ? NodeName::parse(*name) : Result<NodeName>(name.error());
  if (!peer || waiting_.size() >= spawned_max) {
    finish(returned(no), now);
    return;
  }
  if (*peer == self_ || peers_.find(*name)) {
    finish(returned(yes), now);
    return;
  }
  outbox_.act(ConnectOnce{*peer, ++asked_});
  waiting_.push_back({asked_, *std::move(peer), std::move(yes), std::move(no), finish});
}

void NodeFunctions::answer_waiting(const NodeName& peer, bool up, dist::AskNumber last,
                                   const Now& now) {
  std::vector<Waiting> answered;
  for (Waiting& waiting : waiting_) {
    if (waiting.peer == peer && waiting.number <= last) answered.push_back(std::move(waiting));
  }
  // What was moved from has an empty name, which no peer has.
  std::erase_if(waiting_, [](const Waiting& waiting) { return waiting.peer.full().empty(); });
  for (const Waiting& waiting : answered) {
    waiting.finish(returned(up ? waiting.yes : waiting.no), now);
  }
}

}  // namespace groot::process
