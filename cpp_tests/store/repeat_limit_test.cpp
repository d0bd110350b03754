#include "store/repeat_limit.hpp"

#include <cstdint>
#include <optional>

#include <doctest/doctest.h>

using groot::store::RepeatLimit;
using Count = std::optional<std::uint64_t>;

TEST_CASE("each key once in an interval, the times between counted") {
  RepeatLimit<int> limit(10);
  CHECK(limit.tell(1, 1'000, 100) == Count(0));
  CHECK(limit.tell(1, 1'001, 100) == std::nullopt);
  CHECK(limit.tell(2, 1'001, 100) == Count(0));
  CHECK(limit.tell(1, 1'099, 100) == std::nullopt);
  CHECK(limit.tell(1, 1'100, 100) == Count(2));
  CHECK(limit.tell(1, 1'199, 100) == std::nullopt);
  CHECK(limit.tell(1, 1'300, 100) == Count(1));
  CHECK(limit.tell(2, 1'300, 100) == Count(0));
}

TEST_CASE("a full table forgets the key that was told longest ago, and no other") {
  RepeatLimit<int> limit(3);
  for (int key = 1; key <= 3; ++key) CHECK(limit.tell(key, key, 1'000).has_value());
  CHECK(limit.tell(1, 4, 1'000) == std::nullopt);
  CHECK(limit.tell(1, 1'001, 1'000) == Count(1));  // 2 is the oldest now
  CHECK(limit.tell(2, 1'001, 1'000) == std::nullopt);
  CHECK(limit.tell(4, 1'001, 1'000) == Count(0));
  CHECK(limit.size() == 3);
  CHECK(limit.take_forgotten() == 1);
  CHECK(limit.take_forgotten() == 0);
  CHECK(limit.tell(1, 1'002, 1'000) == std::nullopt);
  CHECK(limit.tell(3, 1'002, 1'000) == std::nullopt);
  CHECK(limit.tell(2, 1'002, 1'000) == Count(0));
  for (int key = 0; key < 10'000; ++key) (void)limit.tell(key, 2'000, 1'000);
  CHECK(limit.size() == 3);
}

TEST_CASE("what was told long ago can be forgotten, and what was left out of it is known") {
  RepeatLimit<int> limit(10);
  CHECK(limit.oldest_ms() == std::nullopt);
  (void)limit.tell(1, 100, 50);
  (void)limit.tell(1, 101, 50);
  (void)limit.tell(2, 200, 50);
  CHECK(limit.oldest_ms() == 100);
  limit.forget_until(99);
  CHECK(limit.size() == 2);
  limit.forget_until(100);
  CHECK(limit.oldest_ms() == 200);
  CHECK(limit.take_forgotten() == 1);
}
