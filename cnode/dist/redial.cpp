#include "cnode/dist/redial.hpp"

#include <algorithm>
#include <utility>

#include "cnode/dist/dist_error.hpp"

namespace groot::dist {

bool is_refusal(const std::error_code& reason) {
  // A node that speaks TLS answers our first message with what is none of ours.
  return reason == dist_errc::refused_cookie || reason == dist_errc::wrong_cookie ||
         reason == dist_errc::not_allowed || reason == dist_errc::missing_flags ||
         reason == dist_errc::bad_handshake;
}

std::int64_t Redial::next_dial_ms(Obstacle obstacle, std::int64_t now_ms, std::uint32_t random) {
  if (away_since_ms_ == never) away_since_ms_ = now_ms;
  std::int64_t delay_ms = 0;
  if (obstacle == Obstacle::refusal) {
    delay_ms = std::exchange(refused_delay_ms_, std::min(2 * refused_delay_ms_, refused_last_ms));
  } else {
    const std::int64_t away_ms = now_ms - away_since_ms_;
    const std::int64_t longest_ms =
        obstacle == Obstacle::never_met
            ? redial_last_ms
            : std::clamp(away_ms / redial_away_share, redial_soon_ms, redial_last_ms);
    delay_ms = std::min(delay_ms_, longest_ms);
    delay_ms_ = std::min(2 * delay_ms_, redial_last_ms);
    refused_delay_ms_ = refused_first_ms;
  }
  const std::int64_t half = delay_ms / 2;
  return now_ms + half + random % (half + 1);
}

void Redial::lost(std::int64_t now_ms) {
  away_since_ms_ = now_ms;
  if (now_ms - connected_ms_ >= redial_soon_ms) delay_ms_ = redial_first_ms;
}

void Redial::start_over(std::int64_t now_ms) {
  delay_ms_ = redial_first_ms;
  refused_delay_ms_ = refused_first_ms;
  away_since_ms_ = now_ms;
}

}  // namespace groot::dist
