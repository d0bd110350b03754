#include "cnode/process/rpc_process.hpp"

#include "cnode/process/limits.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::tuple;

dist::SpawnRequest request(Script& s, LinkId link, std::string module, std::string function,
                           std::uint32_t arity) {
  dist::SpawnRequest made;
  made.request = s.new_reference(link);
  made.from = s.pid_of(link);
  made.group_leader = s.pid_of(link, 60);
  made.module = std::move(module);
  made.function = std::move(function);
  made.arity = arity;
  return made;
}

TEST_CASE("erpc:call: the spawn reply first, then the result as the exit of its monitor") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.set("k", "#{a => [1,2.5]}");
  auto call = request(s, link, "erpc", "execute_call", 4);
  call.monitor = true;
  s.receive(link, call, erl("[res,'Elixir.Groot',get,[k]]"));
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == 2);
  const auto* reply = sent[0].get<dist::SpawnReply>();
  REQUIRE(reply);
  CHECK(reply->request == call.request);
  CHECK(reply->to == call.from);
  CHECK(reply->monitored);
  CHECK_FALSE(reply->linked);
  const auto* exit = sent[1].get<dist::MonitorPExit>();
  REQUIRE(exit);
  CHECK(exit->from == reply->result);
  CHECK(exit->to == call.from);
  CHECK(exit->ref == call.request);
  CHECK(text(sent[1].message) == "{res,return,#{a => [1,2.5]}}");
}

TEST_CASE("an unknown function is undef, with its arguments, as on a BEAM without the module") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  CHECK(s.rpc_text(link, "no_module", "f", "[1,{a}]") ==
        "{error,undef,[{no_module,f,[1,{a}],[]}]}");
  CHECK(s.rpc_text(link, "Elixir.Groot", "get", "[]") ==
        "{error,undef,[{'Elixir.Groot',get,[],[]}]}");
}

TEST_CASE("names of 255 wide characters are undef like any other") {
  std::string name;
  for (int i = 0; i < 255; ++i) name += "\u20ac";
  const Term undef = erl("undef");
  const Term stack = ei_codec::list({tuple({atom(name), atom(name), ei_codec::list({}), Term()})});
  Script s;
  const LinkId link = s.quiet_up("a@h");

  CHECK(s.rpc(link, name, name, {}) == tuple({atom("error"), undef, stack}));
  for (const char* kind : {"block_call", "call"}) {
    const Term call = tuple({atom(kind), atom(name), atom(name), ei_codec::list({}), atom("user")});
    CHECK(s.call(link, "rex", call) ==
          tuple({atom("badrpc"), tuple({atom("EXIT"), tuple({undef, stack})})}));
  }
  auto spawned = request(s, link, name, name, 0);
  spawned.monitor = true;
  s.receive(link, spawned, ei_codec::list({}));
  const auto exits = s.take_sent_as<dist::MonitorPExit>();
  REQUIRE(exits.size() == 1);
  CHECK(exits[0].message == tuple({undef, stack}));
}

TEST_CASE("arguments as STRING_EXT are small integers") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  auto call = request(s, link, "erpc", "execute_call", 4);
  call.monitor = true;
  Bytes message = encoded("[res,'Elixir.Groot',set,here]");
  // [1, 2] as OTP writes it.
  const Bytes here = encoded("here");
  const auto at = std::search(message.begin(), message.end(), here.begin(), here.end());
  REQUIRE(at != message.end());
  const auto offset = at - message.begin();
  message.erase(at, at + static_cast<std::ptrdiff_t>(here.size()));
  const Bytes string{107, 0, 2, 1, 2};
  message.insert(message.begin() + offset, string.begin(), string.end());
  s.receive_bytes(link, call, message);
  CHECK(s.get("1") == "2");
}

TEST_CASE("erpc:cast answers the spawn request only") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.receive(link, request(s, link, "erpc", "execute_cast", 3), erl("['Elixir.Groot',set,[k,v]]"));
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].get<dist::SpawnReply>());
  CHECK(s.get("k") == "v");
}

TEST_CASE("spawn of a function of the table, monitored and linked") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  auto spawn = request(s, link, "Elixir.Groot", "set", 2);
  spawn.monitor = true;
  spawn.link = true;
  const auto ended = [&](const std::string& module) {
    spawn.module = module;
    s.receive(link, spawn, erl("[k,v]"));
    const auto sent = s.take_sent();
    REQUIRE(sent.size() == 3);
    REQUIRE(sent[0].get<dist::SpawnReply>());
    CHECK(sent[0].get<dist::SpawnReply>()->linked);
    REQUIRE(sent[1].get<dist::MonitorPExit>());
    REQUIRE(sent[2].get<dist::Exit>());
    CHECK(sent[2].message == sent[1].message);
    return text(sent[1].message);
  };
  CHECK(ended("Elixir.Groot") == "normal");
  CHECK(s.get("k") == "v");
  CHECK(ended("nowhere") == "{undef,[{nowhere,set,[k,v],[]}]}");
}

TEST_CASE("spawn requests that cannot be served are refused, and the link lives on") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const auto refused = [&](const dist::SpawnRequest& spawn, std::string_view arguments) {
    s.receive(link, spawn, erl(arguments));
    const auto sent = s.take_sent();
    REQUIRE(sent.size() == 1);
    const auto* reply = sent[0].get<dist::SpawnReply>();
    REQUIRE(reply);
    const auto* why = std::get_if<Atom>(&reply->result);
    REQUIRE(why);
    return why->name;
  };
  CHECK(refused(request(s, link, "m", "f", 2), "[a]") == "badarg");
  CHECK(refused(request(s, link, "m", "f", 1), "a") == "badarg");
  CHECK(refused(request(s, link, "m", "f", 1), "[a|b]") == "badarg");
}

TEST_CASE("execute_call with arguments that erpc never sends ends the process, not the node") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  for (const std::string_view bad : {"[res,1,f,[]]", "[res,m,1,[]]", "[res,m,f,a]"}) {
    auto call = request(s, link, "erpc", "execute_call", 4);
    call.monitor = true;
    s.receive(link, call, erl(bad));
    const auto sent = s.take_sent();
    REQUIRE(sent.size() == 2);
    CHECK(text(sent[1].message) == "{erpc,badarg}");
  }
  s.receive(link, request(s, link, "erpc", "execute_cast", 3), erl("[1,2,3]"));
  CHECK(s.take_sent().size() == 1);
}

TEST_CASE("rex: block_call, call, cast, and the call of C nodes") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.set("k", "v");
  const auto rex = [&](std::string_view name, std::string_view function, std::string_view args) {
    return tuple({atom(name), atom("Elixir.Groot"), atom(function), erl(args), atom("user")});
  };
  CHECK(text(s.call(link, "rex", rex("block_call", "get", "[k]"))) == "v");
  CHECK(text(s.call(link, "rex", rex("call", "get", "[k]"))) == "v");
  CHECK(text(s.call(link, "rex", rex("call", "nope", "[k]"))) ==
        "{badrpc,{'EXIT',{undef,[{'Elixir.Groot',nope,[k],[]}]}}}");
  for (const std::string_view bad :
       {"block_call", "{block_call,1,2,3,4}", "{call,m,f,a,u}", "{call,m,f,[]}"}) {
    CHECK(text(s.call(link, "rex", erl(bad))).starts_with("{error,{unknown_request,"));
  }
  s.cast(link, "rex", rex("cast", "set", "[k,w]"));
  CHECK(s.get("k") == "w");
  CHECK(s.take_sent().empty());
  const Pid caller = s.pid_of(link);
  s.receive(link, dist::RegSend{caller, "rex"}, tuple({Term(caller), rex("call", "get", "[k]")}));
  auto sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  REQUIRE(sent[0].get<dist::Send>());
  CHECK(sent[0].get<dist::Send>()->to == caller);
  CHECK(text(sent[0].message) == "{rex,w}");
  s.receive(link, dist::RegSend{caller, "rex"}, tuple({Term(caller), atom("features_request")}));
  sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  CHECK(text(sent[0].message) == "{features_reply,'us@127.0.0.1',[erpc]}");
  for (const Term& other : {atom("x"), tuple({Term(caller), atom("x")}), erl("{a,b}")}) {
    s.receive(link, dist::RegSend{caller, "rex"}, other);
  }
  CHECK(s.take_sent().empty());
}

TEST_CASE("no more processes wait than the limit") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  for (std::size_t i = 0; i <= spawned_max; ++i) {
    s.receive(link, request(s, link, "Elixir.Node", "connect", 1), erl("['new@h']"));
  }
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == spawned_max + 1);
  CHECK(std::holds_alternative<Pid>(sent[spawned_max - 1].get<dist::SpawnReply>()->result));
  CHECK(sent[spawned_max].get<dist::SpawnReply>()->result == dist::Target(Atom{"system_limit"}));
}

}  // namespace
}  // namespace groot::process
