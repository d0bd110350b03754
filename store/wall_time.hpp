// The time of day that a replica goes by, from what the clocks of this machine and of its peers
// say.
//
// The wall clock is an opinion. It is followed while it goes on with the monotonic clock; where it
// jumps, the believed time goes on with the monotonic clock, until the clocks of peers say that the
// jump was right.
//
// Deadlines are instants of the writer's clock, and end a value everywhere. So that one wrong clock
// neither ends them early nor never, all nodes hold them against one time: the lower median of what
// they and their peers believe. Of two clocks that is the earlier: a value too long is better than
// one lost.
//
// Not thread-safe but where it says so; owned by the Replica.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/effects.hpp"
#include "store/time.hpp"

namespace groot::store {

class WallTime {
 public:
  // What is believed of what was read. `read` holds the two clocks; call it for each reading, in
  // their order.
  Now believe(const Now& read);

  // ---- any thread: Unix time at a reading of the monotonic clock ----
  // As believed at the last call of believe.
  [[nodiscard]] std::int64_t wall_ms(std::int64_t monotonic_ms) const {
    return monotonic_ms + shared_wall_.load(std::memory_order_relaxed);
  }
  // What deadlines are held against.
  [[nodiscard]] std::int64_t deadline_ms(std::int64_t monotonic_ms) const {
    return monotonic_ms + shared_deadlines_.load(std::memory_order_relaxed);
  }

  // ---- the clocks of peers ----
  // A peer is connected, and will be asked: until it has said something, or can not, nothing is
  // ended by a deadline for others, for deadlines_await_ms_max at most.
  void await(PeerId peer);
  // How far its clock is ahead of the believed time, negative behind.
  void heard(PeerId peer, std::int64_t ahead_ms);
  void cannot_say(PeerId peer);
  void gone(PeerId peer);
  // The same where nobody is connected yet: until any peer has said something, for as long at most.
  void await_any();

  // ---- what became of it ----
  // By how much the believed time was set since the last call: not by time that passed.
  [[nodiscard]] std::int64_t take_set() { return std::exchange(set_ms_, 0); }
  // Lines for the log, since the last call.
  [[nodiscard]] std::vector<std::string> take_reports() { return std::exchange(reports_, {}); }
  // The wall clock stands so far from the believed time; none while it is followed.
  [[nodiscard]] std::optional<std::int64_t> jumped_ms() const;
  // How far the time of deadlines is ahead of the believed time.
  [[nodiscard]] std::int64_t deadlines_ahead_ms() const { return deadlines_ - wall_; }

 private:
  void notice_jump(std::int64_t read);
  void consider_jump();
  void weigh();

  // Unix time minus monotonic time: as believed, as read last, as deadlines are held against.
  std::int64_t wall_ = 0;
  std::int64_t read_ = 0;
  std::int64_t deadlines_ = 0;
  bool begun_ = false;
  bool jumped_ = false;
  bool told_ = false;              // the jump is reported
  std::int64_t monotonic_ms_ = 0;  // of the last reading

  std::map<PeerId, std::int64_t> peers_;  // the same of each connected peer that has said it
  std::set<PeerId> awaited_;
  std::int64_t awaited_until_ms_ = 0;  // since there was none
  std::int64_t await_any_until_ms_ = 0;
  std::int64_t alone_ahead_ms_ = 0;  // of deadlines, when the last peer left

  std::int64_t set_ms_ = 0;
  std::vector<std::string> reports_;
  std::optional<std::int64_t> reported_ms_;  // monotonic; when a jump was reported last
  std::atomic<std::int64_t> shared_wall_{0};
  std::atomic<std::int64_t> shared_deadlines_{0};
};

}  // namespace groot::store
