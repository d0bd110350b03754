// The node's hybrid logical clock: issues the stamps of local writes, learns from received ones.
//
// Differs from hlclock on purpose (groot-protocol section 5): it never refuses a local write, it
// carries a full counter into the time, and a stamp it issues is always above the floor it is
// given. Wall time that jumps backwards is outlived: the clock stands and counts until wall time is
// back.
//
// A floor further ahead than drift_max_ms (a key last written by a node with a broken clock) must
// still be beaten, or the key could not be written for years; but were the clock to follow, every
// other key of this node would be dragged along, and those of its peers after that. So such a stamp
// is issued above its floor and the clock stays where it is. Stamps are compared within one key
// only, and that key's next floor is at least this stamp, so nothing is lost by not remembering it.
//
// Stamps end before stamp_time_ms_end: above that none is issued, and none moves the clock.
//
// Where the clock outlives the process (`saved`), a received stamp moves it by no more than can be
// made up for at the next start; the rest of the way it goes when that is saved.
//
// Not thread-safe; owned by the Replica.
#pragma once

#include <cstdint>
#include <optional>

#include "store/timestamp.hpp"

namespace groot::store {

// A received stamp further ahead of our wall time than this does not move our clock: one node with
// a broken clock must not drag the cluster into the future. hlclock's own bound.
inline constexpr std::int64_t drift_max_ms = 300'000;

// The stamp that follows any stamp of that time and counter, whatever its node id. At the end of
// the stamps there is none, and the last one is returned.
[[nodiscard]] Timestamp next_after(const Timestamp& stamp, std::uint64_t node_id);

struct ReceiveOutcome {
  bool advanced = false;      // the clock moved up
  bool rejected = false;      // further ahead than drift_max_ms
  std::int64_t drift_ms = 0;  // stamp time minus wall time
};

class HybridClock {
 public:
  explicit HybridClock(std::uint64_t node_id);

  // The stamp of a local event: above `floor`, above every stamp that moved the clock, and above
  // every stamp issued before (those for a floor further ahead than drift_max_ms excepted). None
  // when there is none before stamp_time_ms_end.
  [[nodiscard]] std::optional<Timestamp> issue(std::int64_t wall_ms, const Timestamp& floor = {});
  // Issues nothing: later stamps will be above `stamp`, unless it was rejected.
  ReceiveOutcome receive(const Timestamp& stamp, std::int64_t wall_ms);
  // The same for a stamp that an earlier run of this node had come to: never rejected.
  void resume(const Timestamp& stamp);
  // What of the clock would outlive a crash now. From the first call on, received stamps move the
  // clock at most clock_unsaved_max_ms beyond the later of this and wall time.
  void saved(const Timestamp& stamp);
  // What is to be saved: no stamp that was issued, or is to move the clock, is above it.
  [[nodiscard]] Timestamp to_save() const;
  // Whether a stamp waits for that to move the clock.
  [[nodiscard]] bool awaits_saving() const { return !is_past(wanted_); }

  // Whether every later stamp will be above it.
  [[nodiscard]] bool is_past(const Timestamp& stamp) const;

  [[nodiscard]] std::uint64_t node_id() const { return last_.node_id; }
  [[nodiscard]] const Timestamp& last() const { return last_; }

 private:
  Timestamp last_;
  Timestamp wanted_;  // received, and too far beyond what is saved
  std::optional<std::int64_t> saved_ms_;
};

}  // namespace groot::store
