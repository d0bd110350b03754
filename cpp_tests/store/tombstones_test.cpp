#include "store/tombstones.hpp"

#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "cpp_tests/store/script.hpp"
#include "store/limits.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

struct Held {
  RegisterMap map;
  Tombstones tombstones;
  explicit Held(std::size_t count_max, std::int64_t ttl_ms = 1'000)
      : tombstones(map, count_max, ttl_ms) {}

  Slot add(std::string_view key, std::uint64_t time, std::int64_t wall_ms = 0,
           bool expired = false) {
    const RegisterPtr reg = make_tombstone(key, {time, 0, 1});
    const Slot slot = map.put(reg, map.hash(reg->key()));
    tombstones.added(slot, reg->stamp(), expired, wall_ms, wall_ms);
    return slot;
  }
  void erase(std::string_view key) {
    const auto found = map.lookup(term(key), map.hash(term(key)));
    const bool counted = map.is_counted(found->slot);
    map.erase(term(key), map.hash(term(key)));
    tombstones.removed(found->slot, counted);
  }
};

}  // namespace

TEST_CASE("a tombstone's time runs from its arrival") {
  Held held(10);
  const Slot slot = held.add("a", 5, 2'000);
  REQUIRE(held.tombstones.next_end());
  CHECK(held.tombstones.next_end()->at_ms == 3'000);
  CHECK(held.tombstones.next_end()->slot == slot);
  CHECK_FALSE(held.tombstones.due(2'999));
  CHECK(held.tombstones.due(3'000) == slot);
  held.erase("a");
  CHECK_FALSE(held.tombstones.due(3'000));
  CHECK(held.tombstones.count() == 0);
  CHECK_FALSE(held.tombstones.next_end());
}

TEST_CASE("a value in the slot, or a later tombstone, voids the end of the one before") {
  Held held(10);
  const Slot slot = held.add("a", 5, 0);
  const RegisterPtr value = make_value("a", "v", {6, 0, 1});
  held.map.put(value, held.map.hash(value->key()));
  held.tombstones.removed(slot, true);
  CHECK_FALSE(held.tombstones.due(1'000));
  CHECK(held.add("a", 7, 500) == slot);
  CHECK_FALSE(held.tombstones.due(1'499));
  CHECK(held.tombstones.due(1'500) == slot);
}

TEST_CASE("ancient is by stamp, from the ttl on") {
  const Held held(10);
  CHECK_FALSE(held.tombstones.is_ancient({5'000, 0, 1}, 5'999));
  CHECK(held.tombstones.is_ancient({5'000, 0, 1}, 6'000));
  CHECK_FALSE(
      held.tombstones.is_ancient({static_cast<std::uint64_t>(stamp_ahead_ms_max), 0, 1}, 0));
  // Of so far ahead nobody knows the age.
  CHECK(held.tombstones.is_ancient({time_ms_max, 0, 1}, 6'000));
  const Held forever(10, std::numeric_limits<std::int64_t>::max());
  CHECK_FALSE(forever.tombstones.is_ancient({0, 0, 1}, wall_start_ms));
}

TEST_CASE("at the limit nothing is in excess, above it the oldest stamps are") {
  Held held(3);
  held.add("c", 30);
  held.add("a", 10);
  held.add("b", 20);
  CHECK(held.tombstones.excess().empty());
  const Slot oldest = held.add("z", 1);
  CHECK(held.tombstones.excess() == std::vector<Slot>{oldest});

  Held large(640);
  for (std::uint64_t i = 1; i <= 641; ++i) large.add("k" + std::to_string(i), i);
  // One too many, and a 64th of the limit more.
  CHECK(large.tombstones.excess().size() == 11);
  for (const Slot slot : large.tombstones.excess())
    CHECK(large.map.at(slot)->stamp().time_ms <= 11);

  Held none(0);
  none.add("a", 1);
  CHECK(none.tombstones.excess().size() == 1);
  none.tombstones.clear();
  CHECK(none.tombstones.count() == 0);
  CHECK(none.tombstones.excess().empty());
}

TEST_CASE("those that expiries left have a limit of their own") {
  Held held(3);
  for (std::uint64_t i = 1; i <= 3; ++i) held.add("deleted" + std::to_string(i), i);
  for (std::uint64_t i = 11; i <= 12; ++i) held.add("expired" + std::to_string(i), i, 0, true);
  const Slot first = held.add("expired10", 10, 0, true);
  CHECK(held.tombstones.excess().empty());
  CHECK(held.tombstones.count() == 6);
  const Slot late = held.add("expired9", 9, 0, true);
  CHECK(held.tombstones.excess() == std::vector<Slot>{late});
  held.erase("expired9");
  CHECK(held.tombstones.excess().empty());
  // A slot that is used again is what it holds now.
  held.erase("expired10");
  CHECK(held.add("deleted0", 0) == first);
  CHECK(held.tombstones.excess() == std::vector<Slot>{first});
}

TEST_CASE("one that is stamped too far ahead is not compared until it no longer is") {
  Held held(10, 1'000);
  const Slot slot = held.add("a", static_cast<std::uint64_t>(stamp_ahead_ms_max) + 101, 100);
  CHECK_FALSE(held.map.is_counted(slot));
  CHECK(held.tombstones.next_count_ms() == 101);
  held.tombstones.count_arrived(100);
  CHECK_FALSE(held.map.is_counted(slot));
  held.tombstones.count_arrived(101);
  CHECK(held.map.is_counted(slot));
  CHECK(held.tombstones.next_count_ms() == stamp_ahead_ms_max + 1'101);
  CHECK(held.tombstones.uncount_old(stamp_ahead_ms_max + 1'101) == slot);
  CHECK_FALSE(held.map.is_counted(slot));
  CHECK_FALSE(held.tombstones.next_count_ms().has_value());
}
