#include "cnode/process/tap.hpp"

#include <algorithm>

#include "cnode/process/limits.hpp"
#include "fake_stock.hpp"

namespace groot::process {
namespace {

using namespace testing;

// Answers what the tap asks for, as a BEAM does.
void let_tap(FakeStock& peer) {
  peer.canned["erl_scan:string"] = erl("{ok,[tokens],1}");
  peer.canned["erl_parse:parse_exprs"] = erl("{ok,[expressions]}");
  peer.canned["erl_eval:exprs"] = erl("{value,ok,[]}");
}

bool called(const FakeStock& peer, const std::string& call) {
  return std::ranges::find(peer.calls, call) != peer.calls.end();
}

TEST_CASE("the source: an own id, only what a call did there, uninstalls itself") {
  CHECK(tap_source(node("us@127.0.0.1")) ==
        "sys:remove('Elixir.Groot.Storage', {'Elixir.Groot.Cpp','us@127.0.0.1'}), "
        "sys:install('Elixir.Groot.Storage', {{'Elixir.Groot.Cpp','us@127.0.0.1'}, "
        "fun(Node, {in, {'$gen_call', _, {delete, Key}}}, _) when is_atom(Node) -> "
        "Cast = {propagate_delete, Key}, "
        "case erlang:send({'Elixir.Groot.Storage', Node}, {'$gen_cast', Cast}, "
        "[noconnect]) of ok -> Node; _ -> done end; "
        "(Node, {in, {'$gen_call', _, delete_all}}, _) when is_atom(Node) -> "
        "Cast = {update_registers, #{}}, "
        "case erlang:send({'Elixir.Groot.Storage', Node}, {'$gen_cast', Cast}, "
        "[noconnect]) of ok -> Node; _ -> done end; "
        "(Node, {in, {'$gen_call', _, Call}}, _) when is_atom(Node) -> {Node, Call}; "
        "({Node, Call}, {out, ok, _, #{registers := Held}}, _) -> "
        "case case Call of "
        "{set, Key, _} when is_map_key(Key, Held) -> {update_register, map_get(Key, Held)}; "
        "{set, Key, _, _} when is_map_key(Key, Held) -> {update_register, map_get(Key, Held)}; "
        "_ -> none end of "
        "none -> Node; "
        "Cast -> case erlang:send({'Elixir.Groot.Storage', Node}, {'$gen_cast', Cast}, "
        "[noconnect]) of ok -> Node; _ -> done end end; "
        "({Node, _}, _, _) -> Node; "
        "(Node, _, _) -> Node end, 'us@127.0.0.1'}).");
}

TEST_CASE("installed on link up, with a fetch; then a fetch every 10 to 20 s and no polls") {
  Script s(HiddenFeed::tap);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  let_tap(peer);
  peer.set("k", "1");
  peer.settle();
  CHECK(s.get("k") == "1");
  CHECK(called(peer, "erl_scan:string/1"));
  CHECK(called(peer, "erl_parse:parse_exprs/1"));
  CHECK(called(peer, "erl_eval:exprs/2"));
  const int polls = peer.polls;
  peer.announcements = 0;
  peer.pass(60'000);
  CHECK(peer.announcements >= 3);
  CHECK(peer.announcements <= 6);
  CHECK(peer.polls == polls + peer.announcements);  // the count after each
  // What the tap forwards comes from the storage process, one register at a time.
  s.receive(peer.link, dist::RegSend{peer.storage(), "Elixir.Groot.Storage"},
            ei_codec::tuple({ei_codec::atom("$gen_cast"),
                             ei_codec::tuple({ei_codec::atom("update_register"),
                                              register_term(erl("t"), erl("2"), 1)})}));
  CHECK(s.get("t") == "2");
}

TEST_CASE("a write made before the tap was in place is fetched") {
  Script s(HiddenFeed::tap);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  let_tap(peer);
  bool written = false;
  peer.after_state_cast = [&] {
    if (!written) peer.set("gap", "2");
    written = true;
  };
  peer.settle();
  peer.pass(1'000);
  CHECK(written);
  CHECK(s.get("gap") == "2");
}

TEST_CASE("installed again in a new storage process") {
  Script s(HiddenFeed::tap);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  let_tap(peer);
  peer.settle();
  peer.calls.clear();
  peer.kill_storage();
  peer.settle();
  CHECK(called(peer, "erl_eval:exprs/2"));
}

TEST_CASE("taken out when the node stops, once, and only where it is") {
  Script s(HiddenFeed::tap);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  let_tap(peer);
  peer.settle();
  SUBCASE("installed") {
    s.router.stop(s.now);
    s.router.stop(s.now);
    peer.settle();
    REQUIRE(peer.spawned_casts.size() == 1);
    CHECK(text(peer.spawned_casts[0]) ==
          "[sys,remove,['Elixir.Groot.Storage',{'Elixir.Groot.Cpp','us@127.0.0.1'}]]");
  }
  SUBCASE("its link gone") {
    peer.cut();
    s.router.stop(s.now);
    CHECK(s.take_sent().empty());
  }
}

TEST_CASE("where a tap cannot be installed, the peer is asked for changes instead") {
  for (const std::string& step :
       {std::string("erl_scan:string"), std::string("erl_parse:parse_exprs"),
        std::string("erl_eval:exprs")}) {
    Script s(HiddenFeed::tap);
    FakeStock peer(s, "a@h", Runs::groot_with_delete);
    let_tap(peer);
    SUBCASE("because it answers something else") {
      peer.canned[step] = erl("{error,no}");
    }
    SUBCASE("because the call fails") {
      peer.canned.erase(step);
    }
    (void)s.take_warnings();
    peer.settle();
    CHECK(s.take_warnings().size() == 1);
    peer.pass(5'000);
    peer.set("k", "1");
    peer.pass(quiet_poll_interval_ms + 10);
    CHECK(s.get("k") == "1");
    s.router.stop(s.now);
    peer.settle();
    CHECK(peer.spawned_casts.empty());
  }
}

}  // namespace
}  // namespace groot::process
