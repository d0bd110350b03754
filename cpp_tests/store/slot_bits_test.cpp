#include "store/slot_bits.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace groot::store;

TEST_CASE("bits are clear until set, whatever their number") {
  SlotBits bits;
  CHECK_FALSE(bits.test(0));
  CHECK_FALSE(bits.test(1'000'000));
  bits.clear(1'000'000);
  for (const Slot slot : {Slot{0}, Slot{63}, Slot{64}, Slot{1000}}) {
    bits.set(slot);
    CHECK(bits.test(slot));
    CHECK_FALSE(bits.test(slot + 1));
  }
  bits.clear(63);
  CHECK_FALSE(bits.test(63));
  CHECK(bits.test(64));
  bits.clear_all();
  CHECK_FALSE(bits.test(64));
  CHECK_FALSE(bits.test(1000));
}

TEST_CASE("bits are kept by a rule") {
  SlotBits bits;
  for (const Slot slot : {Slot{0}, Slot{63}, Slot{64}, Slot{1000}}) bits.set(slot);
  std::vector<Slot> asked;
  bits.keep_if([&asked](Slot slot) {
    asked.push_back(slot);
    return slot >= 64;
  });
  CHECK(asked == std::vector<Slot>{0, 63, 64, 1000});
  CHECK_FALSE(bits.test(0));
  CHECK_FALSE(bits.test(63));
  CHECK(bits.test(64));
  CHECK(bits.test(1000));
}
