#include "cnode/dist/redial.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "cnode/dist/dist_error.hpp"

using namespace groot::dist;

namespace {

// The longest that the delay may be.
std::int64_t most_ms(Redial redial, Obstacle obstacle, std::int64_t now_ms) {
  std::int64_t most = 0;
  for (std::uint32_t random = 0; random <= refused_last_ms / 2; ++random) {
    Redial same = redial;
    most = std::max(most, same.next_dial_ms(obstacle, now_ms, random) - now_ms);
  }
  return most;
}

// Fails again and again until then; how often it was dialled.
int dials_until(Redial& redial, Obstacle obstacle, std::int64_t now_ms, std::int64_t end_ms) {
  int dials = 0;
  for (; now_ms < end_ms; ++dials) now_ms = redial.next_dial_ms(obstacle, now_ms, 0xffffffff);
  return dials;
}

}  // namespace

TEST_CASE("the delay doubles up to the one that is promised and keeps within it") {
  Redial least;
  Redial most;
  const std::int64_t expected[] = {500, 1'000, 2'000, 4'000, 5'000, 5'000, 5'000};
  for (const std::int64_t delay : expected) {
    CAPTURE(delay);
    CHECK(least.next_dial_ms(Obstacle::away, 1'000, 0) == 1'000 + delay / 2);
    CHECK(most.next_dial_ms(Obstacle::away, 1'000, static_cast<std::uint32_t>(delay / 2)) ==
          1'000 + delay);
  }
}

TEST_CASE("no random number leads out of the bounds") {
  for (std::uint64_t random = 0; random <= 0xffffffff; random += 0x01234567) {
    Redial redial;
    const std::int64_t at =
        redial.next_dial_ms(Obstacle::away, 0, static_cast<std::uint32_t>(random));
    CHECK(at >= redial_first_ms / 2);
    CHECK(at <= redial_first_ms);
  }
}

TEST_CASE("a connection that held starts the delays over, one that broke at once does not") {
  Redial redial;
  for (int i = 0; i < 10; ++i) (void)redial.next_dial_ms(Obstacle::away, 0, 0);
  redial.connected(10'000);
  redial.lost(10'000 + redial_soon_ms - 1);
  CHECK(redial.next_dial_ms(Obstacle::away, 15'000, 0) == 15'000 + redial_soon_ms / 2);
  redial.connected(20'000);
  redial.lost(20'000 + redial_soon_ms);
  CHECK(redial.next_dial_ms(Obstacle::away, 25'000, 0) == 25'000 + redial_first_ms / 2);
}

TEST_CASE(
    "who is away for long is dialled within a tenth of that time, every two minutes at last") {
  Redial redial;
  redial.lost(0);
  (void)dials_until(redial, Obstacle::away, 0, 600'000);
  CHECK(most_ms(redial, Obstacle::away, 600'000) <= 60'000);
  CHECK(most_ms(redial, Obstacle::away, 600'000) > 55'000);
  CHECK(most_ms(redial, Obstacle::away, 10'000'000) <= redial_last_ms);
  // Lost again, it may be back at once.
  redial.connected(10'000'000);
  redial.lost(10'000'001);
  CHECK(most_ms(redial, Obstacle::away, 10'000'001) <= redial_soon_ms);
}

TEST_CASE("who was never there is dialled a dozen times in ten minutes") {
  Redial redial;
  CHECK(dials_until(redial, Obstacle::never_met, 0, 600'000) <= 16);
  CHECK(most_ms(redial, Obstacle::never_met, 600'000) == redial_last_ms);
}

TEST_CASE("who refuses us hears of it a few times in the first minute, then every few minutes") {
  Redial redial;
  CHECK(dials_until(redial, Obstacle::refusal, 0, 60'000) <= 7);
  (void)dials_until(redial, Obstacle::refusal, 60'000, 2'000'000);
  CHECK(most_ms(redial, Obstacle::refusal, 2'000'000) == refused_last_ms);
  // Somebody does something about it, or it is gone in between.
  Redial mended = redial;
  mended.start_over(2'000'000);
  CHECK(most_ms(mended, Obstacle::refusal, 2'000'000) == refused_first_ms);
  (void)redial.next_dial_ms(Obstacle::away, 2'000'000, 0);
  CHECK(most_ms(redial, Obstacle::refusal, 2'000'000) == refused_first_ms);
}

TEST_CASE("a refusal is what a person has to mend") {
  for (const auto reason :
       {dist_errc::refused_cookie, dist_errc::wrong_cookie, dist_errc::not_allowed,
        dist_errc::missing_flags, dist_errc::bad_handshake}) {
    CHECK(is_refusal(reason));
  }
  for (const auto reason : {dist_errc::connect_failed, dist_errc::not_registered,
                            dist_errc::handshake_timeout, dist_errc::peer_closed, dist_errc::nok}) {
    CHECK_FALSE(is_refusal(reason));
  }
}
