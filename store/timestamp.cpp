#include "store/timestamp.hpp"

#include <cstdio>
#include <limits>

namespace groot::store {

Timestamp just_above(const Timestamp& stamp) {
  Timestamp above = stamp;
  if (stamp.node_id != std::numeric_limits<std::uint64_t>::max()) {
    ++above.node_id;
    return above;
  }
  above.node_id = 0;
  if (stamp.counter != std::numeric_limits<std::uint16_t>::max()) {
    ++above.counter;
    return above;
  }
  if (stamp.time_ms >= time_ms_max) return stamp;
  above.counter = 0;
  ++above.time_ms;
  return above;
}

std::string to_text(const Timestamp& stamp) {
  char text[64];
  std::snprintf(text, sizeof text, "%llu.%u@%016llx",
                static_cast<unsigned long long>(stamp.time_ms), unsigned{stamp.counter},
                static_cast<unsigned long long>(stamp.node_id));
  return text;
}

}  // namespace groot::store
