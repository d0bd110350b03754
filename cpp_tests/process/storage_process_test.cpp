#include "cnode/process/storage_process.hpp"

#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::tuple;

Term update(const Term& reg) {
  return tuple({atom("update_register"), reg});
}
Term updates(std::vector<std::pair<Term, Term>> registers) {
  return tuple({atom("update_registers"), ei_codec::map(std::move(registers))});
}
constexpr auto later = static_cast<std::uint64_t>(wall_start_ms) + 5;

TEST_CASE("calls: set, get, delete, delete_all") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const auto call = [&](std::string_view request) {
    return text(s.call(link, storage_name, erl(request)));
  };
  CHECK(call("{get,k}") == "nil");
  CHECK(call("{set,k,[1,<<\"x\">>]}") == "ok");
  CHECK(call("{get,k}") == "[1,<<\"x\">>]");
  CHECK(call("{set,k,v,1000}") == "ok");
  CHECK(call("{get,k}") == "v");
  s.pass(1'000);
  (void)s.take_sent();
  CHECK(call("{get,k}") == "nil");
  CHECK(call("{set,k,v,nil}") == "ok");
  CHECK(call("{set,gone,v,0}") == "ok");
  CHECK(call("{get,gone}") == "nil");
  CHECK(call("{delete,k}") == "ok");
  CHECK(call("{get,k}") == "nil");
  CHECK(call("{set,other,1}") == "ok");
  CHECK(call("delete_all") == "ok");
  CHECK(s.replica.size() == 0);
}

TEST_CASE("a refused request says why and changes nothing") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.set("k", "before");
  for (const std::string_view bad :
       {"-1", "1.5", "soon", "<<\"1\">>", "99999999999999999999", "[]", "3162240000001"}) {
    const Term answer =
        s.call(link, storage_name, tuple({atom("set"), atom("k"), atom("after"), erl(bad)}));
    CHECK_MESSAGE(text(answer).starts_with("{error,{bad_expiry,<<"), bad);
  }
  CHECK(s.get("k") == "before");
  const auto call = [&](const Term& request) { return text(s.call(link, storage_name, request)); };
  const Term large_key = ei_codec::Binary(Bytes((std::size_t{1} << 20) + 1));
  CHECK(call(tuple({atom("set"), large_key, atom("v")})).starts_with("{error,{key_too_large,"));
  CHECK(call(tuple({atom("delete"), large_key})).starts_with("{error,{key_too_large,"));
  CHECK(call(tuple({atom("get"), large_key})) == "nil");
}

TEST_CASE("a value over the limit is refused") {
  store::Replica replica(store::ReplicaOptions{.node_id = 1, .value_bytes_max = 20});
  RouterOptions options;
  options.self = node(us);
  options.creation = 7;
  options.random = [] { return std::uint64_t{1}; };
  Outbox outbox(options);
  Peers peers;
  Requests asked(outbox, peers);
  Reclaimer reclaimer(peers, outbox, asked);
  CatchUp catch_up(options, outbox, peers, replica, [](Peer&, const Now&) {});
  Replication replication(outbox, peers, replica, reclaimer, catch_up);
  StoreRequests requests(replica, replication);
  const Now now{0, wall_start_ms};
  const Bytes key = encoded("k");
  const auto set = [&](std::size_t bytes) {
    const Bytes value = encoded("<<\"" + std::string(bytes - 5, 'x') + "\">>");
    REQUIRE(value.size() == bytes);
    return requests.set(ScannedTerm::trusted(key), ScannedTerm::trusted(value), std::nullopt, now);
  };
  CHECK(set(20));
  const auto refused = set(21);
  REQUIRE_FALSE(refused);
  CHECK(refusal_code(refused.error()) == "value_too_large");
  CHECK(requests.get(ScannedTerm::trusted(key), now)->value().size() == 20);
}

TEST_CASE("unknown requests are answered readably, logged once, and survived") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  (void)s.take_warnings();
  for (const std::string_view unknown :
       {"reset", "{set,k}", "{set,k,v,1,2}", "{get,k,v}", "{delete}", "{}", "[]", "{1,2}"}) {
    CHECK(text(s.call(link, storage_name, erl(unknown))).starts_with("{error,{unknown_request,<<"));
  }
  CHECK(s.take_warnings().size() == 1);
  for (const std::string_view unknown :
       {"reset", "{update_register}", "{update_registers,[]}", "{propagate_delete,a,b}", "{}"}) {
    s.cast(link, storage_name, erl(unknown));
  }
  CHECK(s.take_warnings().size() == 1);
  s.receive(link, dist::RegSend{s.pid_of(link), std::string(storage_name)}, erl("{what,ever}"));
  CHECK(s.take_warnings().empty());
  CHECK(s.take_sent().empty());
  CHECK(text(s.call(link, storage_name, erl("{get,k}"))) == "nil");
}

TEST_CASE("updates from peers are merged: the later one wins") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.set("k", "ours");
  s.cast(link, storage_name, update(register_term(erl("k"), erl("old"), 1)));
  CHECK(s.get("k") == "ours");
  s.cast(link, storage_name, update(register_term(erl("k"), erl("theirs"), later)));
  CHECK(s.get("k") == "theirs");
  s.cast(link, storage_name,
         updates({{erl("a"), register_term(erl("a"), erl("1"), later)},
                  {erl("b"), register_term(erl("b"), erl("2"), later)}}));
  CHECK(s.get("a") == "1");
  CHECK(s.get("b") == "2");
  CHECK(s.take_actions_as<Notify>().size() == 4);
  s.cast(link, storage_name, tuple({atom("propagate_delete"), erl("a")}));
  CHECK(s.get("a") == "none");
  CHECK(s.take_warnings().empty());
}

TEST_CASE("a malformed register is skipped with one line, the rest is merged") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  (void)s.take_warnings();
  s.cast(link, storage_name,
         updates({{erl("a"), register_term(erl("a"), erl("1"), later)},
                  {erl("bad"), erl("{no,register}")},
                  {erl("worse"), erl("#{key => k}")},
                  {erl("z"), register_term(erl("z"), erl("2"), later)}}));
  CHECK(s.get("a") == "1");
  CHECK(s.get("z") == "2");
  const auto lines = s.take_warnings();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("2 malformed") != std::string::npos);
  CHECK(lines[0].find("a@h") != std::string::npos);
  s.cast(link, storage_name, update(erl("nothing")));
  CHECK(s.take_warnings().empty());  // the same cause within a minute
}

TEST_CASE("a partial map from a process that is not the peer's storage deletes nothing") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.cast(link, storage_name,
         updates({{erl("a"), register_term(erl("a"), erl("1"), later)},
                  {erl("b"), register_term(erl("b"), erl("2"), later)}}));
  s.cast(link, storage_name, updates({{erl("b"), register_term(erl("b"), erl("3"), later + 1)}}));
  CHECK(s.get("a") == "1");
  CHECK(s.get("b") == "3");
}

TEST_CASE("nodeup and sync_timeout are answered as stock does") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const auto tell = [&](const Term& message) {
    s.receive(link, dist::RegSend{s.pid_of(link), std::string(storage_name)}, message);
  };
  tell(erl("{nodeup,'a@h'}"));
  auto sent = s.take_sent_as<dist::RegSend>();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].get<dist::RegSend>()->to == storage_name);
  CHECK(text(sent[0].message) == "{'$gen_cast',{update_registers,#{}}}");
  s.set("k", "v");
  tell(erl("{nodeup,'a@h'}"));
  sent = s.take_sent_as<dist::RegSend>();
  REQUIRE(sent.size() == 1);
  CHECK(text(sent[0].message).find("key => k") != std::string::npos);
  tell(erl("{nodeup,'unknown@h'}"));
  tell(erl("sync_timeout"));  // to nodes that run Groot: none is known to
  CHECK(s.take_sent().empty());
}

TEST_CASE("list keys are kept from a node that is not known to be ours") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.set("\"charlist\"", "v");
  s.set("k", "v");
  s.receive(link, dist::RegSend{s.pid_of(link), std::string(storage_name)}, erl("{nodeup,'a@h'}"));
  const auto sent = s.take_sent_as<dist::RegSend>();
  REQUIRE(sent.size() == 1);
  CHECK(text(sent[0].message).find("charlist") == std::string::npos);
  CHECK(text(sent[0].message).find("key => k") != std::string::npos);
  CHECK(s.get("\"charlist\"") == "v");
}

}  // namespace
}  // namespace groot::process
