#include "cnode/dist/redial.hpp"

#include <doctest/doctest.h>

using namespace groot::dist;

TEST_CASE("the delay doubles up to the last one and keeps within it") {
  Redial least;
  Redial most;
  const std::int64_t expected[] = {500, 1'000, 2'000, 4'000, 5'000, 5'000, 5'000};
  for (const std::int64_t delay : expected) {
    CAPTURE(delay);
    CHECK(least.next_dial_ms(1'000, 0) == 1'000 + delay / 2);
    CHECK(most.next_dial_ms(1'000, static_cast<std::uint32_t>(delay / 2)) == 1'000 + delay);
  }
}

TEST_CASE("no random number leads out of the bounds") {
  for (std::uint64_t random = 0; random <= 0xffffffff; random += 0x01234567) {
    Redial redial;
    const std::int64_t at = redial.next_dial_ms(0, static_cast<std::uint32_t>(random));
    CHECK(at >= redial_first_ms / 2);
    CHECK(at <= redial_first_ms);
  }
}

TEST_CASE("a connection that held starts the delays over, one that broke at once does not") {
  Redial redial;
  for (int i = 0; i < 10; ++i) (void)redial.next_dial_ms(0, 0);
  redial.connected(10'000);
  redial.lost(10'000 + redial_last_ms - 1);
  CHECK(redial.next_dial_ms(0, 0) == redial_last_ms / 2);
  redial.connected(20'000);
  redial.lost(20'000 + redial_last_ms);
  CHECK(redial.next_dial_ms(0, 0) == redial_first_ms / 2);
}
