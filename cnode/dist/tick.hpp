// Ticks: how both sides know that the other still lives (distribution.md section 4).
//
// We send an empty frame when nothing was written for a quarter of net_ticktime, on our own clock:
// a BEAM drops whoever only answers its ticks. We give a peer up when no byte arrived for five
// quarters, the longest silence that a BEAM itself lets pass.
#pragma once

#include <algorithm>
#include <cstdint>

namespace groot::dist {

class Tick {
 public:
  Tick(std::int64_t net_ticktime_ms, std::int64_t now_ms)
      : ticktime_ms_(net_ticktime_ms), received_ms_(now_ms), written_ms_(now_ms) {}

  void received(std::int64_t now_ms) { received_ms_ = now_ms; }
  // Bytes reached the socket, or there is no need to send a tick before those that are queued.
  void written(std::int64_t now_ms) { written_ms_ = now_ms; }

  [[nodiscard]] bool is_due(std::int64_t now_ms) const { return now_ms >= due_ms(); }
  [[nodiscard]] bool is_dead(std::int64_t now_ms) const { return now_ms >= dead_ms(); }
  // Nothing came for twice as long as a peer lets pass without a tick.
  [[nodiscard]] bool is_silent(std::int64_t now_ms) const {
    return now_ms >= received_ms_ + ticktime_ms_ / 2;
  }
  [[nodiscard]] std::int64_t next_deadline_ms() const { return std::min(due_ms(), dead_ms()); }

 private:
  [[nodiscard]] std::int64_t due_ms() const { return written_ms_ + ticktime_ms_ / 4; }
  [[nodiscard]] std::int64_t dead_ms() const { return received_ms_ + ticktime_ms_ / 4 * 5; }

  std::int64_t ticktime_ms_;
  std::int64_t received_ms_;
  std::int64_t written_ms_;
};

}  // namespace groot::dist
