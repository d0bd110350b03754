// What a peer is told of the processes of this node.
#include "cnode/process/process_functions.hpp"

#include "ei_codec/term_encode.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::tuple;

// What a remote call returns, or {error, Reason}.
Term called(Script& s, LinkId link, std::string_view module, std::string_view function,
            std::vector<Term> arguments) {
  const Term outcome = s.rpc(link, module, function, std::move(arguments));
  const auto& elements = outcome.get_if<ei_codec::Tuple>()->elements;
  if (elements.at(0).is_atom("return")) return elements.at(1);
  return tuple({elements.at(0), elements.at(1)});
}

std::vector<Term> pids_of(Script& s, LinkId link, std::string_view module,
                          std::string_view function) {
  return called(s, link, module, function, {}).get_if<ei_codec::List>()->elements;
}

TEST_CASE("the processes of the node: each that has a name, and those that peers spawned") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  // It waits for a node that does not answer.
  dist::SpawnRequest spawn;
  spawn.request = s.new_reference(link);
  spawn.from = s.pid_of(link);
  spawn.group_leader = spawn.from;
  spawn.module = "net_kernel";
  spawn.function = "connect_node";
  spawn.arity = 1;
  s.receive(link, spawn, erl("['b@h']"));
  const auto sent = s.take_sent_as<dist::SpawnReply>();
  REQUIRE(sent.size() == 1);
  const Term waiting = std::get<Pid>(sent[0].get<dist::SpawnReply>()->result);

  const auto pids = pids_of(s, link, "erlang", "processes");
  CHECK(std::find(pids.begin(), pids.end(), waiting) != pids.end());
  for (const Term& name : pids_of(s, link, "erlang", "registered")) {
    const Term pid = called(s, link, "erlang", "whereis", {name});
    CHECK(std::find(pids.begin(), pids.end(), pid) != pids.end());
    CHECK(called(s, link, "Elixir.Process", "whereis", {name}) == pid);
    CHECK(called(s, link, "erlang", "process_info", {pid, atom("registered_name")}) ==
          tuple({atom("registered_name"), name}));
  }
  for (const Term& pid : pids) {
    // But for the one that was asked: it has answered.
    if (pid == pids.back()) continue;
    CHECK(called(s, link, "erlang", "is_process_alive", {pid}).is_atom("true"));
  }
  CHECK(pids_of(s, link, "Elixir.Process", "list").size() == pids.size());
  CHECK(pids_of(s, link, "Elixir.Process", "registered").size() == 6);
  CHECK(called(s, link, "Elixir.Process", "whereis", {atom("nobody")}).is_atom("nil"));

  CHECK(called(s, link, "erlang", "process_info", {waiting, atom("registered_name")}) == Term());
  CHECK(text(called(s, link, "erlang", "process_info",
                    {waiting, ei_codec::list({atom("registered_name"), atom("status")})})) ==
        "[{registered_name,[]},{status,waiting}]");
  s.receive(link, dist::Exit2{s.pid_of(link), std::get<Pid>(waiting.value())}, atom("kill"));
  CHECK(called(s, link, "erlang", "is_process_alive", {waiting}).is_atom("false"));
  CHECK(called(s, link, "erlang", "process_info", {waiting}).is_atom("undefined"));
  CHECK(called(s, link, "Elixir.Process", "info", {waiting}).is_atom("nil"));
}

TEST_CASE("process_info in the shapes of OTP") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const Term storage = s.own_pid(ServedPid::storage);
  const Term told = called(s, link, "erlang", "process_info", {storage});
  CHECK(told == called(s, link, "Elixir.Process", "info", {storage}));
  const auto& pairs = told.get_if<ei_codec::List>()->elements;
  CHECK(text(pairs.at(0)) == "{registered_name,'Elixir.Groot.Storage'}");
  CHECK(text(pairs.at(2)) == "{initial_call,{'Elixir.Groot.Storage',init,1}}");
  for (const Term& pair : pairs) {
    const Term& item = pair.get_if<ei_codec::Tuple>()->elements.at(0);
    CHECK(called(s, link, "erlang", "process_info", {storage, item}) == pair);
  }
  const auto one = [&](std::string_view item) {
    return text(called(s, link, "erlang", "process_info", {storage, atom(item)}));
  };
  CHECK(one("messages") == "{messages,[]}");
  CHECK(one("message_queue_len") == "{message_queue_len,0}");
  CHECK(one("current_stacktrace") == "{current_stacktrace,[{gen_server,loop,7,[]}]}");
  CHECK(one("no_item") == "{error,badarg}");
  CHECK(text(called(s, link, "erlang", "process_info", {storage, Term()})) == "[]");
  CHECK(text(called(s, link, "erlang", "process_info",
                    {storage, ei_codec::list({atom("memory"), atom("links")})})) ==
        "[{memory,0},{links,[]}]");
  CHECK(text(called(s, link, "erlang", "process_info",
                    {s.own_pid(ServedPid::rex), atom("initial_call")})) ==
        "{initial_call,{rpc,init,1}}");
}

TEST_CASE("what is no process of this node is a wrong argument") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  for (const Term& other : {Term(s.pid_of(link)), atom("rex"), Term(7)}) {
    for (const char* function : {"process_info", "is_process_alive"}) {
      CHECK(text(called(s, link, "erlang", function, {other})) == "{error,badarg}");
    }
    CHECK(text(called(s, link, "Elixir.Process", "info", {other})).find("ArgumentError") !=
          std::string::npos);
  }
  // One of an earlier life of this node has ended.
  Pid old = s.own_pid(ServedPid::storage);
  ++old.creation;
  CHECK(called(s, link, "erlang", "is_process_alive", {Term(old)}).is_atom("false"));
  CHECK(called(s, link, "erlang", "process_info", {Term(old)}).is_atom("undefined"));
}

}  // namespace
}  // namespace groot::process
