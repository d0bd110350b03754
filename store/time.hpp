// The two senses of time. Both are arguments everywhere below cnode/io: nothing here reads a clock.
#pragma once

#include <cstdint>

namespace groot::store {

struct Now {
  std::int64_t monotonic_ms = 0;  // drives deadlines; its zero means nothing
  std::int64_t wall_ms = 0;       // Unix time; drives the hybrid clock and expiry; may jump
};

}  // namespace groot::store
