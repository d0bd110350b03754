#include "store/expiry_queue.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace groot::store;

namespace {

// The versions that slots hold, as the map would know them.
struct Slots {
  std::map<Slot, Timestamp> held;
  ExpiryQueue queue{[this](const ExpiryQueue::Entry& entry) {
    const auto slot = held.find(entry.slot);
    return slot != held.end() && slot->second == entry.stamp;
  }};
  std::uint64_t writes = 0;

  void write(Slot slot, std::int64_t at_ms) {
    const bool replaced = held.contains(slot);
    held[slot] = {++writes, 0, 1};
    if (replaced) queue.voided();
    queue.push({at_ms, slot, held[slot]});
  }
  void erase(Slot slot) {
    if (held.erase(slot) > 0) queue.voided();
  }
};

}  // namespace

TEST_CASE("deadlines come due soonest first, not a millisecond early") {
  Slots slots;
  CHECK_FALSE(slots.queue.next_at_ms());
  CHECK_FALSE(slots.queue.due(1'000'000));
  slots.write(1, 300);
  slots.write(2, 100);
  slots.write(3, 200);
  CHECK(slots.queue.next_at_ms() == 100);
  CHECK_FALSE(slots.queue.due(99));
  REQUIRE(slots.queue.due(100));
  CHECK(slots.queue.due(100)->slot == 2);  // stays until it is dealt with
  slots.erase(2);
  CHECK_FALSE(slots.queue.due(100));
  CHECK(slots.queue.due(250)->slot == 3);
  slots.erase(3);
  CHECK(slots.queue.next_at_ms() == 300);
}

TEST_CASE("a newer version voids the deadline of the one before") {
  Slots slots;
  slots.write(1, 100);
  slots.write(1, 500);
  CHECK(slots.queue.next_at_ms() == 500);
  CHECK_FALSE(slots.queue.due(499));
  CHECK(slots.queue.due(500)->stamp == Timestamp{2, 0, 1});
}

TEST_CASE("void entries are bounded however often a key is rewritten") {
  Slots slots;
  slots.write(0, 1);  // keeps the head current, so that heads alone do not clean up
  for (int i = 0; i < 100'000; ++i) slots.write(1, 1'000'000 - i);
  CHECK(slots.queue.size() <= 2'100);
  slots.erase(0);
  CHECK(slots.queue.next_at_ms() == 1'000'000 - 99'999);
  CHECK(slots.queue.size() <= 2'100);
  slots.queue.clear();
  CHECK(slots.queue.size() == 0);
  CHECK_FALSE(slots.queue.next_at_ms());
}

TEST_CASE("property: the queue gives what a sorted list would") {
  CHECK(rc::check("random writes, erases and time", [] {
    Slots slots;
    std::map<Slot, std::int64_t> model;
    std::int64_t now = 0;
    const auto steps = *rc::gen::inRange(0, 200);
    for (int i = 0; i < steps; ++i) {
      const Slot slot = *rc::gen::inRange<Slot>(0, 12);
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
          slots.erase(slot);
          model.erase(slot);
          break;
        case 1:
          now += *rc::gen::inRange(0, 50);
          while (const auto due = slots.queue.due(now)) {
            RC_ASSERT(model.at(due->slot) == due->at_ms);
            RC_ASSERT(due->at_ms <= now);
            model.erase(due->slot);
            slots.erase(due->slot);
          }
          for (const auto& [left, at_ms] : model) RC_ASSERT(at_ms > now);
          break;
        default:
          model[slot] = now + *rc::gen::inRange(0, 100);
          slots.write(slot, model[slot]);
      }
      std::optional<std::int64_t> soonest;
      for (const auto& [left, at_ms] : model) soonest = std::min(soonest.value_or(at_ms), at_ms);
      RC_ASSERT(slots.queue.next_at_ms() == soonest);
    }
  }));
}
