// What a peer lacks, has deleted and has lost: groot-protocol section 7 as scripts. Tombstones,
// list keys and other special cases are in sync_cases_test.cpp.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "cpp_tests/store/linked_script.hpp"
#include "store/replica.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

std::vector<RegisterPtr> without(std::vector<RegisterPtr> state, std::string_view key) {
  std::erase_if(state, [key](const RegisterPtr& reg) { return text_of(reg->key()) == key; });
  return state;
}

}  // namespace

TEST_CASE("a key that the peer never showed is sent to it, once, and never taken for deleted") {
  for (const PeerKind kind : kinds) {
    Linked s(kind);
    s.set("k", "v");
    settle(s);
    s.full_state(peer, {});
    CHECK(s.sent_to(peer) == Words{"k"});
    CHECK(s.sent().size() == 1);
    CHECK(s.announced().empty());
    s.effects.clear();
    s.pass(10'000);
    s.full_state(peer, {});
    CHECK(s.effects.empty());
    CHECK(s.get("k") == "v");
  }
}

TEST_CASE(
    "a key gone from a peer that has deletes was deleted there: just above what it had, told to "
    "the "
    "rest") {
  Linked s(PeerKind::stock_with_delete);
  s.set("k", "v");
  s.set("stays", "v");
  const auto state = registers(s.replica);
  settle(s);
  s.full_state(peer, state);
  CHECK(s.effects.empty());
  s.pass(5'000);
  s.full_state(peer, without(state, "k"));
  CHECK(s.get("k") == "none");
  CHECK(s.get("stays") == "v");
  CHECK(s.announced() == Words{"k deleted@1700000000000.0@0000000000000002 except 7"});
  CHECK(s.sent().empty());
  CHECK(s.all<Changed>().size() == 1);

  // Once a tombstone, nothing more is concluded or sent.
  s.effects.clear();
  s.pass(10'000);
  s.full_state(peer, without(state, "k"));
  CHECK(s.effects.empty());
}

TEST_CASE("a key gone from a peer without deletes was lost there: sent again") {
  for (const PeerKind kind : {PeerKind::stock_without_delete, PeerKind::ours}) {
    Linked s(kind);
    s.set("k", "v");
    s.set("stays", "v");
    const auto state = registers(s.replica);
    const auto lost = without(state, "k");
    settle(s);
    s.full_state(peer, state);
    s.full_state(peer, lost);
    CHECK(s.sent_to(peer) == Words{"k"});
    CHECK(s.get("k") == "v");
    // It arrives, is shown, and is lost once more.
    s.effects.clear();
    s.full_state(peer, lost);
    CHECK(s.effects.empty());
    s.full_state(peer, state);
    s.full_state(peer, lost);
    CHECK(s.sent_to(peer) == Words{"k"});
  }
}

TEST_CASE("what a peer shows older than ours is sent once a version") {
  for (const PeerKind kind : kinds) {
    Linked s(kind);
    s.set("k", "old");
    const auto old = registers(s.replica);
    s.pass(1);
    s.set("k", "new");
    settle(s);
    s.full_state(peer, old);
    CHECK(s.sent_to(peer) == Words{"k"});
    CHECK(text_of(s.sent()[0].registers[0]) == "new");
    s.effects.clear();
    s.full_state(peer, old);
    CHECK(s.effects.empty());

    s.set("k", "newer");
    settle(s);
    s.full_state(peer, old);
    CHECK(s.sent_to(peer) == Words{"k"});
    CHECK(text_of(s.sent()[0].registers[0]) == "newer");
  }
}

TEST_CASE("a correction that is never shown is repeated after the retry time") {
  Linked s(PeerKind::stock_with_delete);
  s.set("k", "v");
  settle(s);
  s.full_state(peer, {});
  s.effects.clear();
  s.pass(correction_retry_ms);
  s.full_state(peer, {});
  CHECK(s.effects.empty());
  s.pass(correction_retry_ms);
  s.full_state(peer, {});
  CHECK(s.sent_to(peer) == Words{"k"});
}

TEST_CASE("a write that may be on its way is not corrected, to the millisecond") {
  Linked s(PeerKind::stock_with_delete);
  s.set("k", "v");
  s.effects.clear();
  s.pass(correction_grace_ms - 1);
  s.full_state(peer, {});
  CHECK(s.effects.empty());
  s.pass(1);
  s.full_state(peer, {});
  CHECK(s.sent_to(peer) == Words{"k"});
}

TEST_CASE("a full state from before our write undoes nothing") {
  for (const PeerKind kind : kinds) {
    // It shows the version before, or the key was deleted there before our write arrived.
    for (const bool shows_old : {true, false}) {
      Linked s(kind);
      s.set("k", "v1");
      const auto state = registers(s.replica);
      settle(s);
      s.full_state(peer, state);
      s.set("k", "v2");
      s.effects.clear();
      s.full_state(peer, shows_old ? state : std::vector<RegisterPtr>{});
      CHECK(s.effects.empty());
      CHECK(s.get("k") == "v2");
      // Whatever it was, the peer gets the write.
      settle(s);
      s.full_state(peer, {});
      CHECK(s.sent_to(peer) == Words{"k"});
      CHECK(s.get("k") == "v2");
    }
  }
}

TEST_CASE("a write between begin and end of a full state is not judged by it") {
  Linked s(PeerKind::stock_with_delete);
  s.set("k", "v1");
  const auto state = registers(s.replica);
  settle(s);
  s.full_state(peer, state);
  s.replica.begin_full_state(peer);
  s.set("k", "v2");
  s.set("fresh", "v");
  settle(s);
  s.replica.end_full_state(peer, s.now, s.effects);
  CHECK(s.effects.empty());
  CHECK(s.get("k") == "v2");
}

TEST_CASE("the first full state after a link or a loss concludes no deletes") {
  Linked s(PeerKind::stock_with_delete);
  s.set("k", "v");
  const auto state = registers(s.replica);
  settle(s);
  s.full_state(peer, state);
  SUBCASE("link down and up") {
    s.replica.peer_down(peer);
    s.replica.peer_up(peer, PeerKind::stock_with_delete, s.now);
  }
  SUBCASE("up again without down") {
    s.replica.peer_up(peer, PeerKind::stock_with_delete, s.now);
  }
  SUBCASE("storage process died") {
    s.replica.peer_lost_data(peer);
  }
  s.full_state(peer, {});
  CHECK(s.get("k") == "v");
  CHECK(s.sent_to(peer) == Words{"k"});
  CHECK(s.announced().empty());
}

TEST_CASE("a loss in the middle of a full state ends it without conclusion") {
  Linked s(PeerKind::stock_with_delete);
  s.set("k", "v");
  const auto state = registers(s.replica);
  settle(s);
  s.full_state(peer, state);
  s.replica.begin_full_state(peer);
  s.replica.peer_lost_data(peer);
  s.replica.end_full_state(peer, s.now, s.effects);
  CHECK(s.effects.empty());
  CHECK(s.get("k") == "v");
}

TEST_CASE("everything is given, once: the states that come meanwhile bring no second copy") {
  for (const PeerKind kind : kinds) {
    Linked s(kind);
    CHECK(full_state_for(s.replica, peer).empty());
    s.set("a", "1");
    s.erase("b");
    settle(s);
    CHECK(full_state_for(s.replica, peer).size() == 2);
    s.full_state(peer, {});
    CHECK(s.effects.empty());
    s.replica.peer_lost_data(peer);
    CHECK(full_state_for(s.replica, peer).size() == 2);
  }
}

TEST_CASE("only a full state proves what a peer holds: a single update does not") {
  // Cast by hand on the peer's node to ours: its own storage process never saw it.
  Linked s(PeerKind::stock_with_delete);
  s.merge("k", "v", s.stamp(0), std::nullopt, peer);
  s.full_state(peer, {});
  s.pass(correction_grace_ms);
  CHECK(s.get("k") == "v");
  s.full_state(peer, {});
  CHECK(s.get("k") == "v");
  CHECK(s.sent_to(peer) == Words{"k"});
}

TEST_CASE("a newer version from one peer is lacked by another until that one shows it") {
  Linked s(PeerKind::stock_with_delete);
  constexpr PeerId other = 8;
  s.replica.peer_up(other, PeerKind::stock_with_delete, s.now);
  s.set("k", "v1");
  const auto state = registers(s.replica);
  settle(s);
  s.full_state(peer, state);
  s.full_state(other, state);
  s.full_state(peer, {make_value("k", "v2", s.stamp(9'000))});
  CHECK(s.get("k") == "v2");
  CHECK(s.announced().empty());
  settle(s);
  s.full_state(other, {});  // had v1 and deleted it, or lost it: that is no delete of v2
  CHECK(s.get("k") == "v2");
  CHECK(s.sent_to(other) == Words{"k"});
  s.effects.clear();
  s.full_state(peer, {});  // showed v2 itself
  CHECK(s.get("k") == "none");
  CHECK(s.announced().size() == 1);
}

TEST_CASE("a newer or equal version shown by the peer is nothing to send") {
  Linked s(PeerKind::stock_with_delete);
  settle(s);
  s.full_state(peer, {make_value("k", "v", s.stamp(0))});
  CHECK(s.all<Changed>().size() == 1);
  CHECK(s.effects.size() == 1);
  settle(s);
  s.full_state(peer, {make_value("k", "v", s.stamp(0))});
  CHECK(s.effects.empty());
}

TEST_CASE("full states of several peers may be under way at once") {
  Linked s(PeerKind::stock_with_delete);
  constexpr PeerId other = 8;
  s.replica.peer_up(other, PeerKind::stock_with_delete, s.now);
  s.set("a", "1");
  s.set("b", "1");
  const auto state = registers(s.replica);
  settle(s);
  for (const PeerId id : {peer, other}) s.full_state(id, state);
  s.replica.begin_full_state(peer);
  s.replica.begin_full_state(other);
  s.replica.merge_full_state(peer, views(without(state, "a")), s.now, s.effects);
  s.replica.merge_full_state(other, views(state), s.now, s.effects);
  s.replica.end_full_state(other, s.now, s.effects);
  CHECK(s.effects.empty());
  s.replica.end_full_state(peer, s.now, s.effects);
  CHECK(s.get("a") == "none");
  CHECK(s.get("b") == "1");
}
