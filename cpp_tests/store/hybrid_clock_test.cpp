#include "store/hybrid_clock.hpp"

#include <tuple>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "store/limits.hpp"

using namespace groot::store;

namespace {
constexpr std::int64_t wall = 1'700'000'000'000;
constexpr std::uint64_t time_now = 1'700'000'000'000;
}  // namespace

TEST_CASE("a stamp follows wall time, and counts while wall time stands") {
  HybridClock clock(7);
  CHECK(clock.node_id() == 7);
  CHECK(clock.issue(wall) == Timestamp{time_now, 0, 7});
  CHECK(clock.issue(wall) == Timestamp{time_now, 1, 7});
  CHECK(clock.issue(wall + 1) == Timestamp{time_now + 1, 0, 7});
  CHECK(clock.last() == Timestamp{time_now + 1, 0, 7});
}

TEST_CASE("wall time that jumps back is outlived by counting") {
  HybridClock clock(7);
  CHECK(clock.issue(wall) == Timestamp{time_now, 0, 7});
  CHECK(clock.issue(wall - 3'600'000) == Timestamp{time_now, 1, 7});
  CHECK(clock.issue(wall - 1) == Timestamp{time_now, 2, 7});
  CHECK(clock.issue(-1) == Timestamp{time_now, 3, 7});
  CHECK(clock.issue(wall + 1) == Timestamp{time_now + 1, 0, 7});
}

TEST_CASE("a full counter carries into the time") {
  HybridClock clock(7);
  REQUIRE(clock.receive({time_now, 65534, 9}, wall).advanced);
  CHECK(clock.issue(wall) == Timestamp{time_now, 65535, 7});
  CHECK(clock.issue(wall) == Timestamp{time_now + 1, 0, 7});
  // Also above a floor.
  CHECK(clock.issue(wall, {time_now + 5, 65535, 9}) == Timestamp{time_now + 6, 0, 7});
}

TEST_CASE("a received stamp moves the clock up to drift_max_ms ahead, not beyond") {
  HybridClock clock(7);
  const auto far = clock.receive({time_now + drift_max_ms + 1, 0, 9}, wall);
  CHECK(far.rejected);
  CHECK_FALSE(far.advanced);
  CHECK(far.drift_ms == drift_max_ms + 1);
  CHECK(clock.last().time_ms == 0);

  const auto near = clock.receive({time_now + drift_max_ms, 4, 9}, wall);
  CHECK(near.advanced);
  CHECK_FALSE(near.rejected);
  CHECK(near.drift_ms == drift_max_ms);
  CHECK(clock.issue(wall) == Timestamp{time_now + drift_max_ms, 5, 7});

  const auto old = clock.receive({time_now - 50, 0, 9}, wall);
  CHECK_FALSE(old.advanced);
  CHECK_FALSE(old.rejected);
  CHECK(old.drift_ms == -50);
}

TEST_CASE("a floor is always beaten; only one within the drift bound moves the clock") {
  HybridClock clock(7);
  const Timestamp near{time_now + drift_max_ms, 3, 9};
  CHECK(clock.issue(wall, near) == Timestamp{near.time_ms, 4, 7});
  CHECK(clock.issue(wall) == Timestamp{near.time_ms, 5, 7});

  HybridClock other(7);
  const Timestamp far{time_now + drift_max_ms + 1, 3, 9};
  CHECK(other.issue(wall, far) == Timestamp{far.time_ms, 4, 7});
  CHECK(other.issue(wall) == Timestamp{time_now, 0, 7});
  // A floor that differs in the node id only.
  HybridClock third(7);
  CHECK(third.issue(wall, {time_now, 0, 9}) == Timestamp{time_now, 1, 7});
  HybridClock fourth(7);
  CHECK(fourth.issue(wall, {time_now, 0, 6}) == Timestamp{time_now, 0, 7});
}

TEST_CASE("at the end of time no stamp is issued, and none is issued twice") {
  HybridClock clock(7);
  constexpr std::uint64_t last = stamp_time_ms_end - 1;
  CHECK(clock.issue(wall, {last, 65534, 9}) == Timestamp{last, 65535, 7});
  CHECK(clock.issue(wall, {last, 65535, 9}) == std::nullopt);
  CHECK(clock.issue(wall, {time_ms_max, 65535, 9}) == std::nullopt);
  CHECK(clock.issue(wall) == Timestamp{time_now, 0, 7});
  CHECK(clock.issue(static_cast<std::int64_t>(stamp_time_ms_end)) == std::nullopt);
  CHECK(clock.issue(static_cast<std::int64_t>(time_ms_max) + 5) == std::nullopt);
  CHECK(clock.issue(static_cast<std::int64_t>(last)) == Timestamp{last, 0, 7});
  CHECK(clock.receive({stamp_time_ms_end, 0, 9}, static_cast<std::int64_t>(last)).rejected);
}

TEST_CASE("a received stamp goes no further beyond what is saved than a start makes up for") {
  HybridClock clock(7);
  clock.saved({time_now, 0, 7});
  const Timestamp near{time_now + clock_unsaved_max_ms, 3, 9};
  CHECK(clock.receive(near, wall).advanced);
  CHECK_FALSE(clock.awaits_saving());
  const Timestamp far{time_now + 5'000, 3, 9};
  CHECK_FALSE(clock.receive(far, wall).rejected);
  CHECK(clock.awaits_saving());
  CHECK(clock.issue(wall) == Timestamp{near.time_ms, 4, 7});
  CHECK(clock.to_save() == Timestamp{far.time_ms, 3, 7});
  clock.saved(near);
  CHECK(clock.awaits_saving());
  clock.saved(clock.to_save());
  CHECK_FALSE(clock.awaits_saving());
  CHECK(clock.issue(wall) == Timestamp{far.time_ms, 4, 7});
  CHECK(clock.to_save() == Timestamp{far.time_ms, 4, 7});
  // Wall time that goes on takes the clock along.
  CHECK(clock.receive({time_now + 60'100, 0, 9}, wall + 60'000).advanced);
  CHECK_FALSE(clock.receive({time_now + 60'201, 0, 9}, wall + 60'100).advanced);
}

TEST_CASE("property: stamps rise under any wall time, floors and received stamps") {
  CHECK(rc::check("strictly monotonic", [] {
    HybridClock clock(*rc::gen::inRange<std::uint64_t>(0, 4));
    Timestamp before{};
    bool first = true;
    const auto steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
      const auto now = wall + *rc::gen::inRange<std::int64_t>(-400'000, 400'000);
      const Timestamp other{time_now + *rc::gen::inRange<std::uint64_t>(0, 500'000),
                            *rc::gen::element<std::uint16_t>(0, 1, 65534, 65535),
                            *rc::gen::inRange<std::uint64_t>(0, 4)};
      if (*rc::gen::arbitrary<bool>()) {
        const auto outcome = clock.receive(other, now);
        RC_ASSERT(!(outcome.advanced && outcome.rejected));
        RC_ASSERT(clock.is_past(other) || outcome.rejected);
        if (outcome.rejected) continue;
        const Timestamp after = clock.issue(now).value();
        RC_ASSERT(std::tie(after.time_ms, after.counter) > std::tie(other.time_ms, other.counter));
        RC_ASSERT(first || after > before);
        before = after;
      } else {
        const Timestamp after = clock.issue(now, other).value();
        RC_ASSERT(after > other);
        // A stamp that did not become the clock's was above a floor too far ahead.
        if (after != clock.last()) {
          RC_ASSERT(static_cast<std::int64_t>(other.time_ms) - now > drift_max_ms);
          continue;
        }
        RC_ASSERT(first || after > before);
        before = after;
      }
      first = false;
    }
  }));
}
