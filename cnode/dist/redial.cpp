#include "cnode/dist/redial.hpp"

#include <algorithm>

namespace groot::dist {

std::int64_t Redial::next_dial_ms(std::int64_t now_ms, std::uint32_t random) {
  const std::int64_t half = delay_ms_ / 2;
  delay_ms_ = std::min(2 * delay_ms_, redial_last_ms);
  return now_ms + half + random % (half + 1);
}

void Redial::lost(std::int64_t now_ms) {
  if (now_ms - connected_ms_ >= redial_last_ms) delay_ms_ = redial_first_ms;
}

}  // namespace groot::dist
