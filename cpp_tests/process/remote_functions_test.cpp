// Every function of the table, as a peer calls it.
#include "cnode/process/remote_functions.hpp"

#include <algorithm>
#include <limits>

#include "cnode/process/arguments.hpp"
#include "cnode/process/limits.hpp"
#include "ei_codec/term_encode.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;

TEST_CASE("Groot and Groot.Storage") {
  for (const std::string_view module : {"Elixir.Groot", "Elixir.Groot.Storage"}) {
    Script s;
    const LinkId link = s.quiet_up("a@h");
    const auto call = [&](std::string_view f, std::string_view args) {
      return s.rpc_text(link, module, f, args);
    };
    CHECK(call("get", "[k]") == "nil");
    CHECK(call("set", "[k,{a,1}]") == "ok");
    CHECK(call("get", "[k]") == "{a,1}");
    CHECK(call("set", "[k,v,50]") == "ok");
    CHECK(call("set", "[l,v,nil]") == "ok");
    s.pass(50);
    CHECK(call("get", "[k]") == "nil");
    CHECK(call("get", "[l]") == "v");
    CHECK(call("delete", "[l]") == "ok");
    CHECK(call("get", "[l]") == "nil");
  }
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.set("k", "v");
  CHECK(s.rpc_text(link, "Elixir.Groot.Storage", "delete_all", "[]") == "ok");
  CHECK(s.replica.size() == 0);
}

TEST_CASE("a refused request raises an ArgumentError at the caller and changes nothing") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.set("k", "before");
  const std::string raised = s.rpc_text(link, "Elixir.Groot", "set", "[k,after,-1]");
  CHECK(raised.starts_with("{error,#{"));
  CHECK(raised.find("'__struct__' => 'Elixir.ArgumentError'") != std::string::npos);
  CHECK(raised.find("'__exception__' => true") != std::string::npos);
  CHECK(raised.find("expires_in") != std::string::npos);
  CHECK(raised.ends_with("[{'Elixir.Groot',set,3,[]}]}"));
  CHECK(s.get("k") == "before");
}

TEST_CASE("values of any depth and type come back byte for byte") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  // An old atom tag and a wide integer, which no encoder of ours would write.
  const Bytes value{104, 2, 100, 0, 1, 'x', 98, 0, 0, 0, 5};
  store::Effects effects;
  REQUIRE(s.replica.set(encoded("k"), value, std::nullopt, s.now, effects));
  dist::SpawnRequest call;
  call.request = s.new_reference(link);
  call.from = s.pid_of(link);
  call.group_leader = call.from;
  call.module = "erpc";
  call.function = "execute_call";
  call.arity = 4;
  call.monitor = true;
  const Bytes arguments = encoded("[res,'Elixir.Groot',get,[k]]");
  s.router.receive(link, {call, ScannedTerm::trusted(arguments)}, s.now);
  bool found = false;
  for (const Action& action : s.router.take_actions()) {
    const auto* frame = std::get_if<SendFrame>(&action);
    if (!frame || !std::holds_alternative<dist::MonitorPExit>(frame->control)) continue;
    const Bytes message = whole(frame->message);
    // Not ranges::search: clang 14 does not compile the view that it returns.
    found =
        std::search(message.begin(), message.end(), value.begin(), value.end()) != message.end();
  }
  CHECK(found);
}

TEST_CASE("erlang and Node: what the node is") {
  Script s;
  const LinkId a = s.quiet_up("a@h");
  s.up("b@h", true);
  const auto call = [&](std::string_view m, std::string_view f, std::string_view args) {
    return s.rpc_text(a, m, f, args);
  };
  for (const std::string_view self : {"node", "self"}) {
    const std::string_view module = self == "node" ? "erlang" : "Elixir.Node";
    CHECK(call(module, self, "[]") == "'us@127.0.0.1'");
  }
  CHECK(call("erlang", "nodes", "[]") == "[b@h]");
  CHECK(call("Elixir.Node", "list", "[]") == "[b@h]");
  CHECK(call("erlang", "nodes", "[hidden]") == "[a@h]");
  CHECK(call("erlang", "nodes", "[connected]") == "[a@h,b@h]");
  CHECK(call("Elixir.Node", "list", "[[this,visible]]") == "['us@127.0.0.1',b@h]");
  CHECK(call("erlang", "nodes", "[known]") == "['us@127.0.0.1',a@h,b@h]");
  CHECK(call("erlang", "nodes", "[[]]") == "[]");
  CHECK(call("erlang", "nodes", "[[hidden,hidden,connected]]") == "[a@h,b@h]");
  const LinkId c = s.up("c@h");
  s.down(c);
  CHECK(call("erlang", "nodes", "[connected]") == "[a@h,b@h]");
  CHECK(call("erlang", "nodes", "[known]") == "['us@127.0.0.1',a@h,b@h,c@h]");
  for (const std::string_view bad : {"[other]", "[1]", "[[1]]", "[[visible|hidden]]"}) {
    CHECK(call("erlang", "nodes", bad).starts_with("{error,badarg,[{erlang,nodes,["));
    CHECK(call("Elixir.Node", "list", bad).find("ArgumentError") != std::string::npos);
  }
  CHECK(call("erlang", "is_alive", "[]") == "true");
  CHECK(call("Elixir.Node", "alive?", "[]") == "true");
  CHECK(decoded(encode_term(s.own_pid(ServedPid::storage))) ==
        s.rpc(a, "erlang", "whereis", {atom("Elixir.Groot.Storage")})
            .get_if<ei_codec::Tuple>()
            ->elements.at(1));
  CHECK(call("erlang", "whereis", "[global_name_server]") == "undefined");
  CHECK(call("erlang", "whereis", "[<<\"text\">>]") ==
        "{error,badarg,[{erlang,whereis,[<<\"text\">>],[]}]}");
  CHECK(call("erlang", "registered", "[]") ==
        "['Elixir.Groot.Storage','Elixir.Groot.ClockSync','Elixir.Groot.Clock',net_kernel,rex,"
        "'Elixir.Groot.Peer']");
}

TEST_CASE("function_exported says what the table holds") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const auto exported = [&](std::string_view args) {
    return s.rpc_text(link, "erlang", "function_exported", args);
  };
  CHECK(exported("['Elixir.Groot',delete,1]") == "true");
  CHECK(exported("['Elixir.Groot',delete,2]") == "false");
  CHECK(exported("[erlang,function_exported,3]") == "true");
  CHECK(exported("[lists,map,2]") == "false");
  CHECK(s.rpc_text(link, "Elixir.Kernel", "function_exported?", "['Elixir.Groot',delete,1]") ==
        "true");
  CHECK(exported("[erlang,nodes,255]") == "false");
  for (const std::string_view none : {"[m,f,256]", "[m,f,-1]"}) CHECK(exported(none) == "false");
  for (const std::string_view bad : {"[1,f,1]", "[m,1,1]", "[m,f,a]"}) {
    CHECK(exported(bad).starts_with("{error,badarg,[{erlang,function_exported,["));
  }
}

TEST_CASE("application and Application") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const auto call = [&](std::string_view m, std::string_view f, std::string_view args) {
    return s.rpc_text(link, m, f, args);
  };
  CHECK(call("application", "get_key", "[groot,vsn]").starts_with("{ok,"));
  CHECK(call("application", "get_key", "[groot,other]") == "undefined");
  CHECK(call("application", "get_key", "[kernel,vsn]") == "undefined");
  CHECK(call("application", "which_applications", "[]").starts_with("[{groot,"));
  CHECK(call("application", "which_applications", "[5000]").starts_with("[{groot,"));
  CHECK(call("Elixir.Application", "spec", "[groot,vsn]") ==
        text(erl(call("application", "get_key", "[groot,vsn]"))
                 .get_if<ei_codec::Tuple>()
                 ->elements.at(1)));
  CHECK(call("Elixir.Application", "spec", "[other,vsn]") == "nil");
  CHECK(call("Elixir.Application", "ensure_all_started", "[groot]") == "{ok,[]}");
  CHECK(call("Elixir.Application", "ensure_all_started", "[other]").starts_with("{error,{other,"));
}

TEST_CASE("Node.connect and Node.ping answer when the link is up, or cannot be") {
  struct Asked {
    std::string_view module, function;
    std::string yes, no;
  };
  for (const Asked& asked :
       {Asked{"Elixir.Node", "connect", "true", "false"},
        Asked{"net_kernel", "connect_node", "true", "false"},
        Asked{"Elixir.Node", "ping", "pong", "pang"}, Asked{"net_adm", "ping", "pong", "pang"}}) {
    Script s;
    const LinkId a = s.quiet_up("a@h");
    CHECK(s.rpc_text(a, asked.module, asked.function, "['a@h']") == asked.yes);
    CHECK(s.rpc_text(a, asked.module, asked.function, "['us@127.0.0.1']") == asked.yes);
    CHECK(s.rpc_text(a, asked.module, asked.function, "[no_node_name]") == asked.no);
    CHECK(s.rpc_text(a, asked.module, asked.function, "[1]") == asked.no);
    CHECK(s.take_actions_as<ConnectOnce>().empty());

    const auto ask = [&] {
      dist::SpawnRequest call;
      call.request = s.new_reference(a);
      call.from = s.pid_of(a);
      call.group_leader = call.from;
      call.module = "erpc";
      call.function = "execute_call";
      call.arity = 4;
      call.monitor = true;
      s.receive(
          a, call,
          ei_codec::list({atom("res"), atom(asked.module), atom(asked.function), erl("['b@h']")}));
      CHECK(s.take_sent_as<dist::MonitorPExit>().empty());
      const auto connects = s.take_actions_as<ConnectOnce>();
      REQUIRE(connects.size() == 1);
      CHECK(connects[0].peer.full() == "b@h");
    };
    const auto answer = [&] {
      const auto sent = s.take_sent_as<dist::MonitorPExit>();
      return sent.size() == 1 ? text(sent[0].message) : "nothing";
    };
    ask();
    const dist::AskNumber all = std::numeric_limits<dist::AskNumber>::max();
    s.router.connect_failed(node("c@h"), all, s.now);
    CHECK(answer() == "nothing");
    s.router.connect_failed(node("b@h"), all, s.now);
    CHECK(answer() == "{res,return," + asked.no + "}");
    s.router.connect_failed(node("b@h"), all, s.now);
    CHECK(answer() == "nothing");
    ask();
    s.up("b@h");
    CHECK(answer() == "{res,return," + asked.yes + "}");
  }
}

TEST_CASE("a caller that is gone by then is not answered") {
  Script s;
  const LinkId a = s.quiet_up("a@h");
  dist::SpawnRequest call;
  call.request = s.new_reference(a);
  call.from = s.pid_of(a);
  call.group_leader = call.from;
  call.module = "Elixir.Node";
  call.function = "connect";
  call.arity = 1;
  call.monitor = true;
  s.receive(a, call, erl("['b@h']"));
  s.down(a);
  (void)s.take_sent();
  s.up("b@h");
  CHECK(s.take_sent_as<dist::MonitorPExit>().empty());
}

TEST_CASE("disconnecting and cookies") {
  Script s;
  const LinkId a = s.quiet_up("a@h");
  for (const auto& [module, function] :
       {std::pair("erlang", "disconnect_node"), std::pair("Elixir.Node", "disconnect"),
        std::pair("net_kernel", "disconnect")}) {
    CHECK(s.rpc_text(a, module, function, "['a@h']") == "true");
    CHECK(s.rpc_text(a, module, function, "['away@h']") == "false");
    CHECK(s.rpc_text(a, module, function, "[bad]") == "false");
    CHECK(s.rpc_text(a, module, function, "[<<\"text\">>]") == "false");
    const auto done = s.take_actions_as<Disconnect>();
    REQUIRE(done.size() == 2);
    CHECK(done[0].peer.full() == "a@h");
    CHECK(done[1].peer.full() == "away@h");
  }
  for (const std::string_view module : {"erlang", "Elixir.Node"}) {
    CHECK(s.rpc_text(a, module, "set_cookie", "[monster]") == "true");
    CHECK(s.rpc_text(a, module, "set_cookie", "['b@h',crumbs]") == "true");
    CHECK(s.rpc_text(a, module, "set_cookie", "['us@127.0.0.1',own]") == "true");
    const auto set = s.take_actions_as<SetCookie>();
    REQUIRE(set.size() == 3);
    CHECK_FALSE(set[0].peer);
    CHECK(set[0].cookie == "monster");
    REQUIRE(set[1].peer);
    CHECK(set[1].peer->full() == "b@h");
    CHECK(set[1].cookie == "crumbs");
    CHECK_FALSE(set[2].peer);
    for (const std::string_view bad : {"[<<\"text\">>]", "[1,c]", "['b@h',1]", "[no_node,c]"}) {
      const std::string raised = module == "erlang" ? "badarg" : "ArgumentError";
      CHECK(s.rpc_text(a, module, "set_cookie", bad).find(raised) != std::string::npos);
    }
    CHECK(s.take_actions_as<SetCookie>().empty());
  }
}

TEST_CASE("the cookie is told to nobody, and the error says so") {
  Script s;
  const LinkId a = s.quiet_up("a@h");
  for (const std::string_view arguments : {"[]", "[b@h]"}) {
    CHECK(s.rpc_text(a, "erlang", "get_cookie", arguments) ==
          "{error,{refused,<<\"this node tells its cookie to nobody\">>},[{erlang,get_cookie," +
              std::string(arguments) + ",[]}]}");
    const std::string raised = s.rpc_text(a, "Elixir.Node", "get_cookie", arguments);
    CHECK(raised.find("'Elixir.RuntimeError'") != std::string::npos);
    CHECK(raised.find("tells its cookie to nobody") != std::string::npos);
  }
  CHECK(s.rpc_text(a, "erlang", "function_exported", "[erlang,get_cookie,0]") == "false");
}

TEST_CASE("--remote-admin: what each level allows, and how the rest is refused") {
  struct Call {
    const char* module;
    const char* function;
    const char* arguments;
  };
  const std::vector<Call> replication{{"erlang", "nodes", "[]"},
                                      {"erlang", "system_time", "[millisecond]"}};
  const std::vector<Call> groot{{"Elixir.Groot", "set", "[k,v]"},
                                {"Elixir.Groot", "get", "[k]"},
                                {"Elixir.Groot.Storage", "delete_all", "[]"},
                                {"erlang", "nodes", "[known]"},
                                {"Elixir.Node", "list", "[]"},
                                {"application", "which_applications", "[]"},
                                {"Elixir.Application", "ensure_all_started", "[groot]"}};
  const std::vector<Call> administration{{"erlang", "disconnect_node", "['b@h']"},
                                         {"Elixir.Node", "disconnect", "['b@h']"},
                                         {"erlang", "set_cookie", "[monster]"},
                                         {"Elixir.Node", "set_cookie", "['b@h',monster]"},
                                         {"net_kernel", "connect_node", "['a@h']"},
                                         {"Elixir.Node", "connect", "['a@h']"},
                                         {"net_adm", "ping", "['a@h']"}};
  for (const RemoteAdmin admin : {RemoteAdmin::full, RemoteAdmin::groot, RemoteAdmin::off}) {
    Script s(HiddenFeed::off, us, 1, admin);
    const LinkId a = s.quiet_up("a@h");
    const auto check = [&](const std::vector<Call>& calls, bool allowed) {
      for (const Call& call : calls) {
        CAPTURE(call.module);
        CAPTURE(call.function);
        const std::string answer = s.rpc_text(a, call.module, call.function, call.arguments);
        CHECK((answer.find("--remote-admin") == std::string::npos) == allowed);
      }
    };
    check(replication, true);
    check(groot, admin != RemoteAdmin::off);
    check(administration, admin == RemoteAdmin::full);
    CHECK(s.take_actions_as<SetCookie>().size() == (admin == RemoteAdmin::full ? 2 : 0));
    CHECK(s.rpc_text(a, "no_such", "function", "[]") == "{error,undef,[{no_such,function,[],[]}]}");
  }
  Script s(HiddenFeed::off, us, 1, RemoteAdmin::groot);
  const LinkId a = s.quiet_up("a@h");
  CHECK(s.rpc_text(a, "erlang", "set_cookie", "[c]") ==
        "{error,{refused,<<\"this node does not allow it (--remote-admin)\">>},"
        "[{erlang,set_cookie,[c],[]}]}");
  CHECK(s.rpc_text(a, "erlang", "function_exported", "[erlang,set_cookie,1]") == "false");
  CHECK(s.rpc_text(a, "erlang", "function_exported", "['Elixir.Groot',set,2]") == "true");
}

TEST_CASE("argument lists in every encoding, up to the limit") {
  const auto count = [](const Bytes& bytes) {
    const auto read = Arguments::read(ScannedTerm::trusted(bytes));
    return read ? static_cast<int>(read->size()) : -1;
  };
  CHECK(count(encoded("[]")) == 0);
  CHECK(count(encoded("[a,{b}]")) == 2);
  CHECK(count(encoded("[a|b]")) == -1);
  CHECK(count(encoded("a")) == -1);
  CHECK(count(encode_term(ei_codec::list(std::vector<Term>(arguments_max, atom("a"))))) == 255);
  CHECK(count(encode_term(ei_codec::list(std::vector<Term>(arguments_max + 1, atom("a"))))) == -1);
  Bytes string{107, 0, 255};
  string.insert(string.end(), 255, 7);
  CHECK(count(string) == 255);
  string[1] = 1;
  string[2] = 0;
  string.push_back(7);
  CHECK(count(string) == -1);
}

}  // namespace
}  // namespace groot::process
