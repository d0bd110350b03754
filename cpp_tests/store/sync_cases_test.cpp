// Full states where something is special: tombstones, deadlines, list keys, reused slots,
// strangers.
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "cpp_tests/store/linked_script.hpp"
#include "store/replica.hpp"

using namespace groot::store;
using namespace groot::store::testing;

TEST_CASE("a tombstone corrects a peer that shows the value, and is not forced on one without") {
  for (const PeerKind kind : kinds) {
    Linked s(kind);
    s.set("k", "v");
    const auto state = registers(s.replica);
    s.erase("k");
    settle(s);
    s.full_state(peer, state);
    CHECK(s.sent_to(peer) == Words{"k"});
    CHECK(s.sent()[0].registers[0]->is_tombstone());
  }
  for (const PeerKind kind : kinds) {
    Linked s(kind);
    s.erase("k");
    settle(s);
    s.full_state(peer, {});
    CHECK(s.sent_to(peer) == (kind == PeerKind::ours ? Words{"k"} : Words{}));
  }
}

TEST_CASE(
    "a peer that shows an expired version gets its tombstone, at once and again in its states") {
  Linked s(PeerKind::stock_with_delete);
  const auto live = make_value("k", "v", s.stamp(0), wall_start_ms + 100);
  s.full_state(peer, {live});
  CHECK(s.get("k") == "v");
  settle(s);
  s.full_state(peer, {live});
  CHECK(s.get("k") == "none");
  CHECK(s.announced() == Words{"k deleted@1700000000000.0@0000000000000003 except 0"});
  settle(s);
  s.full_state(peer, {live});
  CHECK(s.sent_to(peer) == Words{"k"});
}

TEST_CASE("a tombstone whose time is over is reclaimed at the stock peers that have shown it") {
  for (const PeerKind kind : kinds) {
    for (const bool shown : {true, false}) {
      Linked s(kind);
      s.set("k", "v");
      s.erase("k");
      settle(s);
      if (shown) s.full_state(peer, registers(s.replica));
      s.effects.clear();
      s.pass(tombstone_ttl_ms_default - correction_grace_ms - 1);
      s.replica.wake(s.now, s.effects);
      CHECK(s.effects.empty());
      s.pass(1);
      s.replica.wake(s.now, s.effects);
      if (kind == PeerKind::ours) {  // it waits for that one
        for (int i = 0; i < 2; ++i)
          s.replica.peer_level(peer, Now{s.now.wall_ms, s.now.monotonic_ms + 1 + i});
        s.replica.wake(s.now, s.effects);
      }
      CHECK(s.held("k") == nullptr);
      const auto reclaimed = s.all<Reclaim>();
      CHECK(s.effects.size() == reclaimed.size());
      REQUIRE(reclaimed.size() == (shown && kind != PeerKind::ours ? 1 : 0));
      if (reclaimed.empty()) continue;
      CHECK(reclaimed[0].peer == peer);
      CHECK(text_of(reclaimed[0].reg->key()) == "k");
    }
  }
}

TEST_CASE("a key that was written again, here or there, is not reclaimed") {
  for (const bool here : {true, false}) {
    Linked s(PeerKind::stock_with_delete);
    s.set("k", "v");
    s.erase("k");
    settle(s);
    s.full_state(peer, registers(s.replica));
    s.pass(tombstone_ttl_ms_default / 2);
    if (here) {
      s.set("k", "new");
    } else {
      s.full_state(peer, {make_value("k", "new", s.stamp(tombstone_ttl_ms_default / 2))});
    }
    s.pass(tombstone_ttl_ms_default);
    s.effects.clear();
    s.replica.wake(s.now, s.effects);
    CHECK(s.get("k") == "new");
    CHECK(s.effects.empty());
  }
}

TEST_CASE("nothing past its deadline is sent as a value") {
  Linked s(PeerKind::ours);
  s.set("k", "v", 100);
  settle(s);  // no wake in between
  s.full_state(peer, {});
  CHECK(s.held("k")->is_tombstone());
  for (const auto& sent : s.sent()) {
    for (const auto& reg : sent.registers) CHECK(reg->is_tombstone());
  }
}

TEST_CASE("list keys stay away from stock peers") {
  for (const PeerKind kind : kinds) {
    Linked s(kind);
    const Bytes key = list_term("abc");
    REQUIRE(s.replica.set(key, term("v"), std::nullopt, s.now, s.effects));
    s.set("k", "v");
    settle(s);
    const bool all = kind == PeerKind::ours;
    const auto everything = [&s] {
      s.replica.lacks_everything(peer);
      return s.replica.take_lacking(peer, 10, 1'000);
    };
    TakenLacking taken = everything();
    CHECK(taken.registers.size() == (all ? 2 : 1));
    CHECK(taken.withheld == (all ? 0 : 1));
    // Once a peer, not at each link-up.
    s.replica.peer_up(peer, kind, s.now);
    taken = everything();
    CHECK(taken.registers.size() == (all ? 2 : 1));
    CHECK(taken.withheld == 0);
    s.replica.peer_lost_data(peer);
    s.full_state(peer, {});
    REQUIRE(s.sent().size() == 1);
    CHECK(s.sent()[0].registers.size() == (all ? 2 : 1));
  }
}

TEST_CASE("a slot used again carries nothing over from the key before") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_ttl_ms = 1'000});
  s.replica.peer_up(peer, PeerKind::stock_with_delete, s.now);
  s.erase("old");
  s.full_state(peer, registers(s.replica));
  s.pass(1'000);
  s.replica.wake(s.now, s.effects);
  REQUIRE(registers(s.replica).empty());
  s.set("new", "v");
  settle(s);
  s.full_state(peer, {});
  CHECK(s.get("new") == "v");
  CHECK(s.sent_to(peer) == Words{"new"});
}

TEST_CASE("a new link to the same storage process: what was sent over the old one is sent again") {
  Linked s(PeerKind::stock_with_delete);
  s.set("shown", "v");
  const auto state = registers(s.replica);
  settle(s);
  s.full_state(peer, state);
  s.set("corrected", "v");
  settle(s);
  s.full_state(peer, state);
  REQUIRE(s.sent_to(peer) == Words{"corrected"});
  s.effects.clear();
  s.set("written during the cut", "v");
  s.pass(1);
  s.effects.clear();

  s.replica.peer_back(peer, s.now);
  SUBCASE("and what it has shown stands") {
    s.full_state(peer, {});
    CHECK(s.get("shown") == "none");
    CHECK(s.sent_to(peer) == Words{"corrected", "written during the cut"});
  }
  SUBCASE("but what is written from now on may be on its way") {
    s.pass(1);
    s.set("new", "v");
    s.full_state(peer, state);
    CHECK(s.sent_to(peer) == Words{"corrected", "written during the cut"});
  }
}

TEST_CASE("delete_all on a peer: its empty state deletes what it had shown") {
  Linked s(PeerKind::stock_with_delete);
  s.set("a", "1");
  s.set("b", "2");
  const auto state = registers(s.replica);
  settle(s);
  s.full_state(peer, state);
  s.full_state(peer, {});
  CHECK(s.replica.size() == 0);
  CHECK(s.announced().size() == 2);
}

TEST_CASE("after our own clear a peer's state is taken in, and nothing is concluded from before") {
  Linked s(PeerKind::stock_with_delete);
  s.set("a", "1");
  const auto state = registers(s.replica);
  settle(s);
  s.full_state(peer, state);
  s.replica.clear(s.effects);
  s.set("b", "2");
  settle(s);
  s.full_state(peer, state);
  CHECK(s.get("a") == "1");
  CHECK(s.get("b") == "2");
  CHECK(s.sent_to(peer) == Words{"b"});
}

TEST_CASE(
    "strangers: states merge, nothing is concluded, and what they are given is safe for all") {
  Script s;
  s.set("k", "v");
  REQUIRE(s.replica.set(list_term("abc"), term("v"), std::nullopt, s.now, s.effects));
  settle(s);
  s.full_state(peer, {make_value("theirs", "v", s.stamp(0))});
  CHECK(s.get("theirs") == "v");
  CHECK(s.sent().empty());
  CHECK(full_state_for(s.replica, peer).size() == 2);
  s.replica.peer_lost_data(peer);
  s.replica.peer_down(peer);
  // Known, but without begin: a merge, and no end.
  s.replica.peer_up(peer, PeerKind::stock_with_delete, s.now);
  s.effects.clear();
  const std::vector more{make_value("more", "v", s.stamp(0))};
  s.replica.merge_full_state(peer, views(more), s.now, s.effects);
  s.replica.end_full_state(peer, s.now, s.effects);
  CHECK(s.sent().empty());
  CHECK(s.get("more") == "v");
}

TEST_CASE("what ours send as they write it is news though a stock peer or a comparison was first") {
  constexpr PeerId ours = 8;
  Linked s(PeerKind::stock_with_delete);
  s.replica.peer_up(ours, PeerKind::ours, s.now);
  std::int64_t at = 0;
  const auto reg = [&] { return make_value("k", "v", s.stamp(at)); };
  const auto pushed = [&] {
    return s.replica.merge_pushed(ours, reg()->view(), s.now, s.effects).changed;
  };
  const auto by_stock = [&] {
    CHECK(s.replica.merge_write(peer, reg()->view(), s.now, s.effects).changed);
  };
  const auto shown_by_stock = [&] { s.full_state(peer, {reg()}); };
  const auto compared = [&] { CHECK(s.merge("k", "v", s.stamp(at), std::nullopt, ours).changed); };
  const std::vector<std::function<void()>> ways{by_stock, shown_by_stock, compared};
  for (const auto& way : ways) {
    ++at;
    way();
    CHECK(pushed());
    CHECK_FALSE(pushed());  // once
    ++at;
    CHECK(pushed());
    shown_by_stock();
    CHECK_FALSE(pushed());
  }
  ++at;
  by_stock();
  at -= 2;
  CHECK_FALSE(pushed());  // older
  // A write here is told to all as it is.
  s.set("k", "own");
  CHECK_FALSE(s.replica.merge_pushed(ours, s.held("k")->view(), s.now, s.effects).changed);
  at = 60'000;
  by_stock();
  s.replica.clear(s.effects);
  CHECK(pushed());
  CHECK_FALSE(pushed());
}
