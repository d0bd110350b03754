// When to dial a peer again: back-off that doubles, with jitter, so that a cluster that lost one
// node does not call on it in step.
#pragma once

#include <cstdint>
#include <system_error>

#include "cnode/dist/limits.hpp"

namespace groot::dist {

// What keeps the two apart, as far as it tells when the next dial may help.
enum class Obstacle {
  away,       // it was there, or is named by the user: it may be back at any time
  never_met,  // nobody here has ever been linked with it
  refusal,    // it answers, and a person has to mend why it refuses: see is_refusal
};

// The kind that stays until somebody sets a cookie, an option, or the version of a node.
[[nodiscard]] bool is_refusal(const std::error_code& reason);

class Redial {
 public:
  // The dial failed or the connection was lost: when to dial next. Between half and the whole of
  // the current delay from now. `random` is any 32 random bits.
  [[nodiscard]] std::int64_t next_dial_ms(Obstacle obstacle, std::int64_t now_ms,
                                          std::uint32_t random);

  void connected(std::int64_t now_ms) {
    connected_ms_ = now_ms;
    refused_delay_ms_ = refused_first_ms;
  }
  // Starts over with the shortest delay when the connection had held for redial_soon_ms; one that
  // breaks sooner each time is to be slowed down like one that cannot be made.
  void lost(std::int64_t now_ms);
  // Somebody has done something about it: as if it had failed now for the first time.
  void start_over(std::int64_t now_ms);

 private:
  std::int64_t delay_ms_ = redial_first_ms;
  std::int64_t refused_delay_ms_ = refused_first_ms;
  std::int64_t connected_ms_ = 0;
  std::int64_t away_since_ms_ = never;  // or tried in vain

  static constexpr std::int64_t never = -1;
};

}  // namespace groot::dist
