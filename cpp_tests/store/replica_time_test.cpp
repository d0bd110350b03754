// What time does to registers: expiry, and how long tombstones stay.
#include <string>

#include <doctest/doctest.h>

#include "cpp_tests/store/script.hpp"
#include "store/replica.hpp"
#include "store/slab_allocator.hpp"

using namespace groot::store;
using namespace groot::store::testing;

TEST_CASE("a value expires for readers at its deadline, and leaves a tombstone when woken") {
  Script s;
  s.set("k", "v", 500);
  CHECK(s.replica.next_wake_wall_ms() == wall_start_ms + 500);
  s.pass(499);
  CHECK(s.get("k") == "v");
  s.effects.clear();
  s.replica.wake(s.now, s.effects);
  CHECK(s.effects.empty());
  s.pass(1);
  CHECK(s.get("k") == "none");  // before any wake
  CHECK(s.replica.size() == 1);
  s.replica.wake(s.now, s.effects);
  // Just above the version, so that every node of ours writes the very same tombstone.
  CHECK(s.announced() == Words{"k deleted@1700000000000.0@0000000000000002 except 0"});
  CHECK(s.all<Changed>().size() == 1);
  CHECK(s.replica.size() == 0);
  s.effects.clear();
  s.replica.wake(s.now, s.effects);
  CHECK(s.effects.empty());
}

TEST_CASE("each node of ours expires a merged version alike") {
  Script a(1);
  Script b(2);
  a.set("k", "v", 100);
  for (const auto& reg : registers(a.replica)) b.replica.merge(1, reg->view(), b.now, b.effects);
  for (Script* s : {&a, &b}) {
    s->pass(100);
    s->replica.wake(s->now, s->effects);
  }
  CHECK(contents(a.replica) == contents(b.replica));
  CHECK(a.held("k")->is_tombstone());
  CHECK(b.announced() == Words{"k deleted@1700000000000.0@0000000000000002 except 0"});
}

TEST_CASE("a newer version voids the deadline of the one before, local or merged") {
  Script s;
  s.set("a", "short", 100);
  s.set("a", "forever");
  s.set("b", "short", 100);
  s.merge("b", "theirs", s.stamp(10));
  s.set("c", "short", 100);
  s.set("c", "long", 300);
  s.set("d", "short", 100);
  s.erase("d");
  s.pass(200);
  s.effects.clear();
  s.replica.wake(s.now, s.effects);
  CHECK(s.effects.empty());
  CHECK(s.get("a") == "forever");
  CHECK(s.get("b") == "theirs");
  CHECK(s.get("c") == "long");
  CHECK(s.replica.next_wake_wall_ms() == wall_start_ms + 300);
}

TEST_CASE("any write after a version beats that version's expiry") {
  Script s;
  s.merge("k", "v", s.stamp(0), wall_start_ms + 100);
  s.pass(100);
  s.replica.wake(s.now, s.effects);
  CHECK(s.get("k") == "none");
  // Made elsewhere before the deadline, in the very next tick of that clock; arrives late.
  CHECK(s.merge("k", "w", {s.stamp(0).time_ms, 1, 2}).changed);
  CHECK(s.get("k") == "w");
}

TEST_CASE("expires_in 0 is a write that no reader sees") {
  Script s;
  s.set("k", "before");
  s.effects.clear();
  s.set("k", "never seen", 0);
  CHECK(s.get("k") == "none");
  CHECK(s.replica.size() == 0);
  CHECK(s.announced() == Words{"k deleted@1700000000000.1@0000000000000002 except 0"});
  CHECK(s.merge("k", "concurrent but older", s.stamp(0, 9)).ours_is_newer);
  s.set("k", "after");
  CHECK(s.get("k") == "after");
}

TEST_CASE("a version that arrives past its deadline merges as its tombstone, and says so to all") {
  Script s;
  CHECK(s.merge("k", "v", s.stamp(-1'000), wall_start_ms, 4).changed);
  CHECK(s.description("k") == "k deleted@1699999999000.0@0000000000000003");
  CHECK(s.announced() == Words{"k deleted@1699999999000.0@0000000000000003 except 0"});
  CHECK(s.replica.size() == 0);
  s.effects.clear();
  const auto again = s.merge("k", "v", s.stamp(-1'000), wall_start_ms, 4);
  CHECK_FALSE(again.changed);
  CHECK(again.ours_is_newer);
  CHECK(s.effects.empty());

  CHECK(s.merge("in time", "v", s.stamp(-1'000), wall_start_ms + 1).changed);
  CHECK(s.get("in time") == "v");
  // Also where the live version is held: the clock went by since.
  s.merge("held", "v", s.stamp(-10), wall_start_ms + 5);
  s.pass(5);
  CHECK(s.merge("held", "v", s.stamp(-10), wall_start_ms + 5).changed);
  CHECK(s.held("held")->is_tombstone());
}

TEST_CASE("a register without its deadline is the less informed copy of the same write") {
  Script s;
  s.merge("k", "v", s.stamp(0), wall_start_ms + 50);
  CHECK_FALSE(s.merge("k", "v", s.stamp(0)).changed);
  CHECK(s.merge("j", "v", s.stamp(0)).changed);
  CHECK(s.merge("j", "v", s.stamp(0), wall_start_ms + 50).changed);
  s.pass(50);
  CHECK(s.get("k") == "none");
  CHECK(s.get("j") == "none");
  CHECK(s.replica.next_wake_wall_ms() == wall_start_ms + 50);
}

TEST_CASE("wall time that jumps back un-expires nothing that was woken") {
  Script s;
  s.set("k", "v", 100);
  s.now.wall_ms += 100;
  s.replica.wake(s.now, s.effects);
  s.now.wall_ms -= 10'000;
  CHECK(s.get("k") == "none");
  s.set("k", "w");
  CHECK(s.get("k") == "w");
}

// ---- tombstones ----

// A node of ours that is up may hold what a tombstone deletes, until a comparison with it that
// began with the tombstone here is over.
namespace {

constexpr ReplicaOptions short_lived{.node_id = 1, .tombstone_ttl_ms = 1'000};

// Whether it still is held, and time alone will not end that.
bool is_held(Script& s) {
  s.pass(5'000);
  s.replica.wake(s.now, s.effects);
  return registers(s.replica).size() == 1 && !s.replica.next_wake_wall_ms();
}
bool is_due(Script& s) {
  const auto at = s.replica.next_wake_wall_ms();
  s.replica.wake(s.now, s.effects);
  return at && *at <= s.now.wall_ms && registers(s.replica).empty();
}

}  // namespace

TEST_CASE("a tombstone stays beyond its time until every node of ours that is up has it") {
  Script s(short_lived);
  s.replica.peer_up(1, PeerKind::ours, s.now);
  s.replica.peer_up(2, PeerKind::ours, s.now);
  s.replica.peer_up(3, PeerKind::stock_with_delete, s.now);
  s.erase("k");
  CHECK(is_held(s));
  s.pass(1);
  // These may have begun before the tombstone ceased to be compared, and have missed it.
  s.replica.peer_level(1, s.now);
  s.replica.peer_level(2, s.now);
  CHECK(is_held(s));
  s.replica.peer_level(1, s.now);
  CHECK(is_held(s));
  s.replica.peer_level(2, s.now);
  CHECK(is_due(s));
}

TEST_CASE("a tombstone waits for no node of ours that is away, nor for stock nodes") {
  Script s(short_lived);
  s.replica.peer_up(1, PeerKind::ours, s.now);
  s.replica.peer_up(2, PeerKind::stock_with_delete, s.now);
  s.erase("k");
  CHECK(is_held(s));
  s.replica.peer_down(1);
  CHECK(is_due(s));
}

TEST_CASE("a node of ours that comes up as a tombstone's time is over is waited for") {
  Script s(short_lived);
  s.erase("k");
  s.pass(1'000);
  s.replica.peer_up(1, PeerKind::ours, s.now);
  s.replica.wake(s.now, s.effects);
  CHECK(is_held(s));
  s.replica.peer_level(1, s.now);
  CHECK(is_held(s));
  s.replica.peer_level(1, s.now);
  CHECK(is_due(s));
}

TEST_CASE("while it is not known what a peer is, no tombstone goes") {
  Script s(short_lived);
  s.erase("k");
  s.replica.await_kinds(true);
  CHECK(is_held(s));
  s.replica.await_kinds(false);
  CHECK(is_due(s));
}

TEST_CASE("a tombstone keeps an older value out for its time, then goes") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_ttl_ms = 1'000});
  s.set("k", "v");
  const RegisterPtr old = s.held("k");
  s.erase("k");
  s.pass(999);
  s.replica.wake(s.now, s.effects);
  CHECK_FALSE(s.replica.merge(3, old->view(), s.now, s.effects).changed);
  CHECK(s.replica.next_wake_wall_ms() == wall_start_ms + 1'000);
  s.pass(1);
  s.replica.wake(s.now, s.effects);
  CHECK(registers(s.replica).empty());
  CHECK_FALSE(s.replica.next_wake_wall_ms());
}

TEST_CASE("a tombstone older than its time is not taken in again, unless it deletes something") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_ttl_ms = 1'000});
  CHECK_FALSE(s.merge_tombstone("k", s.stamp(-1'000)).changed);
  CHECK(registers(s.replica).empty());
  CHECK(s.effects.empty());
  CHECK(s.merge_tombstone("k", s.stamp(-999)).changed);

  s.merge("late", "v", s.stamp(-5'000));
  CHECK(s.merge_tombstone("late", s.stamp(-4'000)).changed);
  CHECK(s.get("late") == "none");
  // Kept from its arrival on: others may still show the value.
  s.pass(999);
  s.replica.wake(s.now, s.effects);
  CHECK(s.merge("late", "v", s.stamp(-5'000)).ours_is_newer);
}

TEST_CASE("an expired version of an unknown key is corrected, however old it is") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_ttl_ms = 1'000});
  CHECK(s.merge("k", "v", s.stamp(-100'000), wall_start_ms - 50'000).changed);
  CHECK(s.announced().size() == 1);
}

TEST_CASE("past their limit the tombstones with the oldest stamps go, with a report a minute") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_count_max = 3});
  for (int i = 0; i < 3; ++i) s.merge_tombstone("t" + std::to_string(i), s.stamp(10 - i));
  CHECK(registers(s.replica).size() == 3);
  CHECK(s.reports(Report::Cause::tombstones_dropped).empty());
  s.erase("t3");
  CHECK(registers(s.replica).size() == 3);
  CHECK(s.held("t2") == nullptr);
  REQUIRE(s.reports(Report::Cause::tombstones_dropped).size() == 1);
  CHECK(s.reports(Report::Cause::tombstones_dropped)[0].detail ==
        "1 oldest tombstones dropped: more than 3");
  s.erase("t4");
  s.erase("t5");
  CHECK(s.reports(Report::Cause::tombstones_dropped).size() == 1);
  s.pass(60'000);
  s.erase("t6");
  REQUIRE(s.reports(Report::Cause::tombstones_dropped).size() == 2);
  CHECK(s.reports(Report::Cause::tombstones_dropped)[1].detail ==
        "3 oldest tombstones dropped: more than 3");
  // Values are not counted.
  for (int i = 0; i < 10; ++i) s.set("v" + std::to_string(i), "v");
  CHECK(registers(s.replica).size() == 13);
}

TEST_CASE("a merged tombstone may itself be the oldest, and leaves nothing behind") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_count_max = 1});
  s.erase("new");
  s.set("old", "v");
  CHECK(s.merge("old", "w", s.stamp(5), wall_start_ms + 20).changed);
  s.pass(30);
  s.erase("newer");
  s.replica.wake(s.now, s.effects);
  CHECK(s.get("old") == "none");
  // What the expiry left and the last delete.
  CHECK(registers(s.replica).size() == 2);
  s.merge_tombstone("older", s.stamp(1));
  CHECK(s.held("older") == nullptr);
  CHECK(registers(s.replica).size() == 2);
  CHECK(s.replica.size() == 0);
  s.set("old", "again");
  CHECK(s.get("old") == "again");
}

TEST_CASE("no number of expiries pushes a delete out") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_count_max = 2});
  for (const char* key : {"d1", "d2"}) s.erase(key);
  for (int i = 0; i < 5; ++i) s.set("e" + std::to_string(i), "v", 10);
  // A peer that saw it expire first says so.
  s.set("e5", "v", 10);
  const RegisterPtr expiring = s.held("e5");
  s.merge_tombstone("e5", just_above(expiring->stamp()));
  // And one comes past its deadline.
  CHECK(s.merge("e6", "v", s.stamp(0), wall_start_ms - 1).changed);
  s.pass(10);
  s.replica.wake(s.now, s.effects);
  for (const char* key : {"d1", "d2"}) {
    REQUIRE(s.held(key) != nullptr);
    CHECK(s.held(key)->is_tombstone());
  }
  CHECK(registers(s.replica).size() == 4);
  // Nor the other way.
  for (const char* key : {"d3", "d4"}) s.erase(key);
  CHECK(s.held("d1") == nullptr);
  CHECK(registers(s.replica).size() == 4);
}

TEST_CASE("what expired registers and their tombstones took goes back to the system") {
  constexpr int count = 60'000;
  Script s(ReplicaOptions{.node_id = 1, .tombstone_ttl_ms = 1'000});
  s.replica.tell_peers(false);
  s.replica.report_changes(false);
  const std::size_t slabs_before = slabs().slab_count();
  for (int i = 0; i < count; ++i) s.set("key" + std::to_string(i), std::string(50, 'v'), 500);
  const std::size_t slabs_full = slabs().slab_count();
  if (registers_in_slabs) CHECK(slabs_full > slabs_before + 1);
  s.pass(500);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.size() == 0);
  s.pass(1'000);
  s.replica.wake(s.now, s.effects);
  CHECK(registers(s.replica).empty());
  // Tables of some entries are left.
  CHECK(slabs().slab_count() <= slabs_before + 1);
}
