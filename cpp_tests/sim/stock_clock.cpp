#include "cpp_tests/sim/stock_clock.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace groot::sim {
namespace {

constexpr Ms drift_max_ms = 300'000;

Ms distance(std::uint64_t a, std::uint64_t b) {
  return std::abs(static_cast<Ms>(a) - static_cast<Ms>(b));
}

}  // namespace

StockClock::StockClock(bool strict, std::uint64_t node_id, Ms wall_ms)
    : strict_(strict), last_{static_cast<std::uint64_t>(wall_ms), 0, node_id} {}

void StockClock::stamp(std::uint64_t time_ms, std::uint32_t counter) {
  if (counter > std::numeric_limits<std::uint16_t>::max()) {
    full_ = true;
    return;
  }
  last_.time_ms = time_ms;
  last_.counter = static_cast<std::uint16_t>(counter);
}

std::optional<store::Timestamp> StockClock::send(Ms wall_ms) {
  const auto wall = static_cast<std::uint64_t>(wall_ms);
  const std::uint64_t time = std::max(last_.time_ms, wall);
  if (distance(time, strict_ ? last_.time_ms : wall) > drift_max_ms) return std::nullopt;
  stamp(time, time == last_.time_ms ? last_.counter + 1U : 0U);
  return last_;
}

void StockClock::tick(Ms wall_ms) {
  if (static_cast<Ms>(last_.time_ms) < wall_ms) stamp(static_cast<std::uint64_t>(wall_ms), 0);
}

void StockClock::receive(const store::Timestamp& remote, Ms wall_ms) {
  const auto wall = static_cast<std::uint64_t>(wall_ms);
  const std::uint64_t time = std::max({wall, last_.time_ms, remote.time_ms});
  if (remote.node_id == last_.node_id || distance(remote.time_ms, wall) > drift_max_ms ||
      distance(time, wall) > drift_max_ms) {
    return;
  }
  std::uint32_t counter = 0;
  if (time == last_.time_ms && time == remote.time_ms) {
    counter = std::max<std::uint32_t>(last_.counter, remote.counter) + 1;
  } else if (time == last_.time_ms) {
    counter = last_.counter + 1U;
  } else if (time == remote.time_ms) {
    counter = remote.counter + 1U;
  }
  stamp(time, counter);
}

}  // namespace groot::sim
