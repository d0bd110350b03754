// When to dial a peer again: back-off that doubles, with jitter, so that a cluster that lost one
// node does not call on it in step.
#pragma once

#include <cstdint>

#include "cnode/dist/limits.hpp"

namespace groot::dist {

class Redial {
 public:
  // The dial failed or the connection was lost: when to dial next. Between half and the whole of
  // the current delay from now. `random` is any 32 random bits.
  [[nodiscard]] std::int64_t next_dial_ms(std::int64_t now_ms, std::uint32_t random);

  void connected(std::int64_t now_ms) { connected_ms_ = now_ms; }
  // Starts over with the shortest delay when the connection had held for redial_last_ms; one that
  // breaks sooner each time is to be slowed down like one that cannot be made.
  void lost(std::int64_t now_ms);

 private:
  std::int64_t delay_ms_ = redial_first_ms;
  std::int64_t connected_ms_ = 0;
};

}  // namespace groot::dist
