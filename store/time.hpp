// The two senses of time. Both are arguments everywhere below cnode/io: nothing here reads a clock.
#pragma once

#include <cstdint>

namespace groot::store {

struct Now {
  std::int64_t monotonic_ms = 0;  // drives timers; its zero means nothing
  // Unix time as believed (wall_time.hpp): drives the hybrid clock and the lifetime of tombstones.
  std::int64_t wall_ms = 0;
  // Deadlines are held against the time of the cluster: how far that is ahead of wall_ms; and until
  // when (monotonic) it is not known well enough to end a value for others. Readers never see one
  // that is past its deadline.
  std::int64_t deadlines_ahead_ms = 0;
  std::int64_t deadlines_known_ms = 0;

  [[nodiscard]] std::int64_t deadline_ms() const { return wall_ms + deadlines_ahead_ms; }
  [[nodiscard]] bool knows_deadlines() const { return monotonic_ms >= deadlines_known_ms; }
};

}  // namespace groot::store
