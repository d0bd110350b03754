#include "cnode/process/sys_messages.hpp"

#include "cnode/process/limits.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::tuple;

struct Asked {
  Term tag;
  std::vector<Sent> sent;  // what the router sent on hearing it
};

Asked ask(Script& s, LinkId link, std::string_view name, const Term& request) {
  Asked asked{s.new_reference(link), {}};
  const Pid caller = s.pid_of(link);
  s.receive(link, dist::RegSend{caller, std::string(name)},
            tuple({atom("system"), tuple({Term(caller), asked.tag}), request}));
  asked.sent = s.take_sent();
  return asked;
}

// The reply in the one frame that was sent.
Term reply_in(const std::vector<Sent>& sent, const Term& tag) {
  REQUIRE(sent.size() == 1);
  REQUIRE(sent[0].get<dist::Send>());
  const auto* pair = sent[0].message.get_if<ei_codec::Tuple>();
  REQUIRE(pair);
  CHECK(pair->elements.at(0) == tag);
  return pair->elements.at(1);
}

Term system(Script& s, LinkId link, std::string_view name, const Term& request) {
  const Asked asked = ask(s, link, name, request);
  return reply_in(asked.sent, asked.tag);
}

// sys:get_state from a node that runs this version of ERTS.
Term get_state(Script& s, LinkId link, std::string_view name, std::string_view erts_version) {
  const Asked asked = ask(s, link, name, atom("get_state"));
  REQUIRE(asked.sent.size() == 1);
  const auto* spawn = asked.sent[0].get<dist::SpawnRequest>();
  REQUIRE(spawn);
  const auto* arguments = asked.sent[0].message.get_if<ei_codec::List>();
  REQUIRE(arguments);
  REQUIRE(arguments->elements.size() == 4);
  CHECK(text(tuple({arguments->elements[1], arguments->elements[2], arguments->elements[3]})) ==
        "{erlang,system_info,[version]}");
  const Pid answering = s.pid_of(link, 88);
  s.receive(link, dist::SpawnReply{spawn->request, spawn->from, false, true, answering});
  s.receive(link, dist::MonitorPExit{answering, spawn->from, spawn->request},
            tuple({arguments->elements[0], atom("return"), ei_codec::charlist(erts_version)}));
  return reply_in(s.take_sent(), asked.tag);
}

TEST_CASE("get_state of the storage process has Groot's shape") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  CHECK(get_state(s, link, "Elixir.Groot.Storage", "13.1.5") ==
        erl("#{registers => #{},table => 'Elixir.Groot.Storage'}"));
  s.set("k", "v");
  const Term state = get_state(s, link, "Elixir.Groot.Storage", "13.1.5");
  const Term* registers = state.get_if<ei_codec::Map>()->find(atom("registers"));
  REQUIRE(registers);
  const Term* reg = registers->get_if<ei_codec::Map>()->find(atom("k"));
  REQUIRE(reg);
  const auto* map = reg->get_if<ei_codec::Map>();
  CHECK(map->pairs.size() == 3);
  CHECK(map->find(atom("value"))->is_atom("v"));
  CHECK(map->find(atom("hlc")));
  CHECK(text(get_state(s, link, "rex", "13.1.5")) == "nil");
}

TEST_CASE("get_state is answered as the sys module of the asking node wants it") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  CHECK(text(get_state(s, link, "rex", "14.0.2")) == "nil");
  CHECK(text(get_state(s, link, "rex", "14.1")) == "{ok,nil}");
  CHECK(text(get_state(s, link, "rex", "17.0.3")) == "{ok,nil}");
  // Nothing hangs where the node does not say what it runs.
  const Asked asked = ask(s, link, "rex", atom("get_state"));
  s.pass(request_timeout_ms);
  bool answered = false;
  for (const Sent& sent : s.take_sent_as<dist::Send>()) {
    const auto* pair = sent.message.get_if<ei_codec::Tuple>();
    if (pair && pair->elements.at(0) == asked.tag) {
      answered = true;
      CHECK(text(pair->elements.at(1)) == "{ok,nil}");
    }
  }
  CHECK(answered);
}

TEST_CASE("which versions of ERTS wrap the state") {
  for (const char* version : {"9.3", "13.2.2.5", "14.0", "14.0.2"}) {
    CHECK_MESSAGE(!wants_wrapped_state(version), version);
  }
  for (const char* version : {"14.1", "14.10", "15", "15.2.7", "", "unreadable"}) {
    CHECK_MESSAGE(wants_wrapped_state(version), version);
  }
}

TEST_CASE("get_status is the tuple that sys returns") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const Term status = system(s, link, "Elixir.Groot.Storage", atom("get_status"));
  const auto* tuple = status.get_if<ei_codec::Tuple>();
  REQUIRE(tuple);
  REQUIRE(tuple->elements.size() == 4);
  CHECK(tuple->elements[0].is_atom("status"));
  CHECK(tuple->elements[1] == Term(s.own_pid(ServedPid::storage)));
  CHECK(text(tuple->elements[2]) == "{module,gen_server}");
  const auto* items = tuple->elements[3].get_if<ei_codec::List>();
  REQUIRE(items);
  REQUIRE(items->elements.size() == 5);
  CHECK(items->tail.empty());
  CHECK(items->elements[1].is_atom("running"));
  CHECK(text(items->elements[4]).find("Elixir.Groot.Storage") != std::string::npos);
  CHECK(text(items->elements[4]).find("registers") != std::string::npos);
  CHECK(text(items->elements[4]).find("{\"Logged events\",[]}") != std::string::npos);
}

TEST_CASE("get_state of the clocks has the shape of stock's") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  CHECK(text(get_state(s, link, "Elixir.Groot.ClockSync", "13.1.5")) ==
        "#{clock => 'Elixir.Groot.Clock',sync_interval => 3000}");
  const Term answer = s.call(link, "Elixir.Groot.Clock", atom("send_timestamp"));
  const Term state = get_state(s, link, "Elixir.Groot.Clock", "13.1.5");
  const auto* map = state.get_if<ei_codec::Map>();
  REQUIRE(map);
  CHECK(map->pairs.size() == 3);
  CHECK(*map->find(atom("max_drift")) == Term(300'000));
  CHECK(*map->find(atom("node_id")) == Term(1));
  CHECK(*map->find(atom("timestamp")) == answer.get_if<ei_codec::Tuple>()->elements.at(1));
}

TEST_CASE(
    "GenServer.stop: the call ends with a reason, its monitor only, and the process lives on") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const Term alias = s.new_reference(link);
  const Pid caller = s.pid_of(link);
  const Term tag(ei_codec::List{{atom("alias")}, {alias}});
  s.receive(link, dist::RegSend{caller, "Elixir.Groot.Storage"},
            tuple({atom("system"), tuple({Term(caller), tag}), erl("{terminate,normal}")}));
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  const auto* exit = sent[0].get<dist::MonitorPExit>();
  REQUIRE(exit);
  CHECK(exit->to == caller);
  CHECK(Term(exit->ref) == alias);
  CHECK(text(sent[0].message).starts_with("{not_supported,<<\"Elixir.Groot.Storage lives as long"));
  CHECK(s.take_warnings().size() == 1);
  CHECK(text(s.call(link, "Elixir.Groot.Storage", erl("{get,k}"))) == "nil");
}

TEST_CASE("what would stop or change a process is refused, readably, and it lives on") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  (void)s.take_warnings();
  for (const std::string_view request :
       {"suspend", "{terminate,normal}", "{replace_state,x}", "resume", "{debug,{install,x}}"}) {
    CHECK(text(system(s, link, "Elixir.Groot.Storage", erl(request)))
              .starts_with("{error,{not_supported,"));
  }
  CHECK(s.take_warnings().size() == 1);
  CHECK(text(s.call(link, "Elixir.Groot.Storage", erl("{get,k}"))) == "nil");
}

}  // namespace
}  // namespace groot::process
