#include "cnode/process/sys_messages.hpp"

#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::tuple;

Term system(Script& s, LinkId link, std::string_view name, const Term& request) {
  const Term tag = s.new_reference(link);
  const Pid caller = s.pid_of(link);
  s.receive(link, dist::RegSend{caller, std::string(name)},
            tuple({atom("system"), tuple({Term(caller), tag}), request}));
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  REQUIRE(sent[0].get<dist::Send>());
  const auto* pair = sent[0].message.get_if<ei_codec::Tuple>();
  REQUIRE(pair);
  CHECK(pair->elements.at(0) == tag);
  return pair->elements.at(1);
}

TEST_CASE("get_state of the storage process has Groot's shape") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  CHECK(system(s, link, "Elixir.Groot.Storage", atom("get_state")) ==
        erl("#{registers => #{},table => 'Elixir.Groot.Storage'}"));
  s.set("k", "v");
  const Term state = system(s, link, "Elixir.Groot.Storage", atom("get_state"));
  const Term* registers = state.get_if<ei_codec::Map>()->find(atom("registers"));
  REQUIRE(registers);
  const Term* reg = registers->get_if<ei_codec::Map>()->find(atom("k"));
  REQUIRE(reg);
  const auto* map = reg->get_if<ei_codec::Map>();
  CHECK(map->pairs.size() == 3);
  CHECK(map->find(atom("value"))->is_atom("v"));
  CHECK(map->find(atom("hlc")));
  CHECK(text(system(s, link, "rex", atom("get_state"))) == "nil");
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
