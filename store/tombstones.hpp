// How many tombstones there are, when each may go, and which go first when there are too many.
//
// A tombstone lives `ttl` from when it came to be here, not from its stamp: one that arrives late,
// after a long cut, must still be there to correct the peers that show the older value. But nodes
// of ours, among which it arrives at different times, compare it only while its stamp is younger
// than the shortest of their lifetimes: else one would be given again and again what it has
// forgotten and does not take in. How old a stamp is they hold against the time of the cluster
// (Now::deadline_ms), `cluster_ms`: by clocks that are apart one would send in vain what the other
// no longer compares. A stamp that is further ahead than stamp_ahead_ms_max says nothing of an age:
// such a one is not compared until it no longer is, or nodes would give it to each other for as
// long.
//
// Those that a delete left and those that an expiry left have a limit each: of keys that expire
// there may be any number, and a delete that they pushed out could come undone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/expiry_queue.hpp"
#include "store/register_map.hpp"
#include "store/slot_bits.hpp"

namespace groot::store {

class Tombstones {
 public:
  // `registers` is where they are held, and outlives this. `count_max`: of either kind.
  Tombstones(RegisterMap& registers, std::size_t count_max, std::int64_t ttl_ms);

  // Call after the slot came to hold a tombstone with this stamp, left by an expiry or not. One
  // that is not compared does not count in the map's fingerprints.
  void added(Slot slot, const Timestamp& stamp, bool expired, std::int64_t wall_ms,
             std::int64_t cluster_ms);
  // Call after a slot ceased to hold one; whether it counted.
  void removed(Slot slot, bool counted);
  void clear();
  // Each lives `by_ms` of wall time longer: that much was set, and did not pass.
  void postpone(std::int64_t by_ms) { deadlines_.postpone(by_ms); }
  // The shortest lifetime among the nodes that compare theirs with these; never longer than our
  // own. Counts in what is compared again by it; what no longer is uncount_old takes out.
  void compare_for(std::int64_t ttl_ms, std::int64_t cluster_ms);
  // Takes one that is too old to be compared out of the map's fingerprints: which; none when all
  // are out.
  std::optional<Slot> uncount_old(std::int64_t cluster_ms);
  // Counts in those whose stamps are no longer too far ahead.
  void count_arrived(std::int64_t cluster_ms);
  // When there may be something to do for either, by the time of the cluster.
  std::optional<std::int64_t> next_count_ms();
  [[nodiscard]] std::int64_t ttl_ms() const { return ttl_ms_; }

  // Older by its stamp than any tombstone that must be kept, or stamped so far ahead that it may
  // be. Where the key is not even known, such a one is not taken in again from a peer that still
  // shows it.
  [[nodiscard]] bool is_ancient(const Timestamp& stamp, std::int64_t cluster_ms) const;
  // One whose time is over; the same one again until it is erased.
  std::optional<Slot> due(std::int64_t wall_ms);
  // The first whose time will be over, or is.
  std::optional<ExpiryQueue::Entry> next_end();
  // Which to erase, none while the limits hold: of a kind that there are too many of, those with
  // the oldest stamps, and some more than strictly needed, so that the search for them is rare.
  [[nodiscard]] std::vector<Slot> excess() const;
  [[nodiscard]] std::size_t count() const { return counts_[0] + counts_[1]; }

 private:
  [[nodiscard]] bool holds(const ExpiryQueue::Entry& entry) const;
  [[nodiscard]] bool is_compared(const Timestamp& stamp, std::int64_t cluster_ms) const;

  RegisterMap& registers_;
  ExpiryQueue deadlines_;
  ExpiryQueue compared_;                 // those that count, by the times of their stamps
  ExpiryQueue ahead_;                    // those that will, by when
  SlotBits expired_;                     // left by an expiry
  std::array<std::size_t, 2> counts_{};  // of deletes, of expiries
  std::size_t count_max_;
  std::int64_t ttl_ms_;
  std::int64_t compared_ttl_ms_;
};

}  // namespace groot::store
