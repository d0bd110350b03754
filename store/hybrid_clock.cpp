#include "store/hybrid_clock.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace groot::store {
namespace {

std::uint64_t stamp_time(std::int64_t wall_ms) {
  return std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(wall_ms, 0)), time_ms_max);
}

// The stamp that follows any stamp of that time and counter, whatever its node id.
Timestamp next_after(const Timestamp& stamp, std::uint64_t node_id) {
  constexpr auto counter_max = std::numeric_limits<std::uint16_t>::max();
  if (stamp.counter < counter_max) {
    return {stamp.time_ms, static_cast<std::uint16_t>(stamp.counter + 1), node_id};
  }
  if (stamp.time_ms >= time_ms_max) return {time_ms_max, counter_max, node_id};
  return {stamp.time_ms + 1, 0, node_id};
}

std::int64_t drift(const Timestamp& stamp, std::int64_t wall_ms) {
  const auto time = static_cast<std::int64_t>(std::min(stamp.time_ms, time_ms_max));
  return time - static_cast<std::int64_t>(stamp_time(wall_ms));
}

}  // namespace

HybridClock::HybridClock(std::uint64_t node_id) {
  last_.node_id = node_id;
}

Timestamp HybridClock::issue(std::int64_t wall_ms, const Timestamp& floor) {
  const std::uint64_t wall = stamp_time(wall_ms);
  const Timestamp next =
      wall > last_.time_ms ? Timestamp{wall, 0, last_.node_id} : next_after(last_, last_.node_id);
  if (next > floor) {
    last_ = next;
    return next;
  }
  const Timestamp above = next_after(floor, last_.node_id);
  if (drift(floor, wall_ms) <= drift_max_ms) last_ = above;
  return above;
}

ReceiveOutcome HybridClock::receive(const Timestamp& stamp, std::int64_t wall_ms) {
  ReceiveOutcome outcome;
  outcome.drift_ms = drift(stamp, wall_ms);
  if (outcome.drift_ms > drift_max_ms) {
    outcome.rejected = true;
    return outcome;
  }
  const Timestamp before = last_;
  resume(stamp);
  outcome.advanced = last_ != before;
  return outcome;
}

bool HybridClock::is_past(const Timestamp& stamp) const {
  return std::tie(stamp.time_ms, stamp.counter) <= std::tie(last_.time_ms, last_.counter);
}

void HybridClock::resume(const Timestamp& stamp) {
  if (is_past(stamp)) return;
  last_.time_ms = stamp.time_ms;
  last_.counter = stamp.counter;
}

}  // namespace groot::store
