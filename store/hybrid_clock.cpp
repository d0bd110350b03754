#include "store/hybrid_clock.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "store/limits.hpp"

namespace groot::store {
namespace {

std::uint64_t stamp_time(std::int64_t wall_ms) {
  return std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(wall_ms, 0)), time_ms_max);
}

std::int64_t drift(const Timestamp& stamp, std::int64_t wall_ms) {
  const auto time = static_cast<std::int64_t>(std::min(stamp.time_ms, time_ms_max));
  return time - static_cast<std::int64_t>(stamp_time(wall_ms));
}

}  // namespace

Timestamp next_after(const Timestamp& stamp, std::uint64_t node_id) {
  if (stamp.counter < std::numeric_limits<std::uint16_t>::max()) {
    return {stamp.time_ms, static_cast<std::uint16_t>(stamp.counter + 1), node_id};
  }
  return {stamp.time_ms + 1, 0, node_id};
}

HybridClock::HybridClock(std::uint64_t node_id) {
  last_.node_id = node_id;
}

std::optional<Timestamp> HybridClock::issue(std::int64_t wall_ms, const Timestamp& floor) {
  const std::uint64_t wall = stamp_time(wall_ms);
  const Timestamp next =
      wall > last_.time_ms ? Timestamp{wall, 0, last_.node_id} : next_after(last_, last_.node_id);
  const bool is_above = next > floor;
  const Timestamp issued = is_above ? next : next_after(floor, last_.node_id);
  if (issued.time_ms >= stamp_time_ms_end) return std::nullopt;
  if (is_above || drift(floor, wall_ms) <= drift_max_ms) last_ = issued;
  return issued;
}

ReceiveOutcome HybridClock::receive(const Timestamp& stamp, std::int64_t wall_ms) {
  ReceiveOutcome outcome;
  outcome.drift_ms = drift(stamp, wall_ms);
  if (outcome.drift_ms > drift_max_ms || stamp.time_ms >= stamp_time_ms_end) {
    outcome.rejected = true;
    return outcome;
  }
  if (saved_ms_ && outcome.drift_ms > clock_unsaved_max_ms &&
      static_cast<std::int64_t>(stamp.time_ms) > *saved_ms_ + clock_unsaved_max_ms) {
    wanted_ = std::max(wanted_, stamp);
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

void HybridClock::saved(const Timestamp& stamp) {
  saved_ms_ = static_cast<std::int64_t>(std::min(stamp.time_ms, time_ms_max));
  if (static_cast<std::int64_t>(wanted_.time_ms) <= *saved_ms_) resume(wanted_);
}

Timestamp HybridClock::to_save() const {
  return awaits_saving() ? Timestamp{wanted_.time_ms, wanted_.counter, last_.node_id} : last_;
}

}  // namespace groot::store
