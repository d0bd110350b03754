// hlclock, the clock of stock Groot, in its two versions and with their faults (groot-protocol
// section 5).
#pragma once

#include <cstdint>
#include <optional>

#include "cpp_tests/sim/schedule.hpp"
#include "store/timestamp.hpp"

namespace groot::sim {

class StockClock {
 public:
  // `strict`: 1.0.0, which compares a new stamp with the previous one and so refuses every stamp
  // after a pause, or a jump of wall time, longer than the drift bound.
  StockClock(bool strict, std::uint64_t node_id, Ms wall_ms);

  // Nothing when it refuses.
  [[nodiscard]] std::optional<store::Timestamp> send(Ms wall_ms);
  // A stamp of another node; refused without a word when it is too far from wall time.
  void receive(const store::Timestamp& remote, Ms wall_ms);
  // Wall time has come here in steps that no version refuses.
  void tick(Ms wall_ms);
  [[nodiscard]] const store::Timestamp& last() const { return last_; }
  // The counter no longer fits 16 bits: the clock process raises. It is never so here: whoever
  // makes it so breaks a promise.
  [[nodiscard]] bool is_full() const { return full_; }

 private:
  void stamp(std::uint64_t time_ms, std::uint32_t counter);

  bool strict_;
  store::Timestamp last_;
  bool full_ = false;
};

}  // namespace groot::sim
