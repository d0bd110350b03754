#include "cnode/dist/tick.hpp"

#include <doctest/doctest.h>

using groot::dist::Tick;

TEST_CASE("a tick is due after a quarter of the tick time without a write") {
  Tick tick(60'000, 1'000);
  CHECK_FALSE(tick.is_due(15'999));
  CHECK(tick.is_due(16'000));
  tick.written(10'000);
  CHECK_FALSE(tick.is_due(24'999));
  CHECK(tick.is_due(25'000));
  tick.received(24'000);  // what we receive is no reason to be silent
  CHECK(tick.is_due(25'000));
}

TEST_CASE("a peer is dead after five quarters of the tick time without a byte") {
  Tick tick(60'000, 1'000);
  CHECK_FALSE(tick.is_dead(75'999));
  CHECK(tick.is_dead(76'000));
  tick.received(50'000);
  CHECK_FALSE(tick.is_dead(124'999));
  CHECK(tick.is_dead(125'000));
  tick.written(124'000);
  CHECK(tick.is_dead(125'000));
}

TEST_CASE("the next deadline is the earlier of the two") {
  Tick tick(60'000, 0);
  CHECK(tick.next_deadline_ms() == 15'000);
  tick.written(70'000);
  CHECK(tick.next_deadline_ms() == 75'000);
}
