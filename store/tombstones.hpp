// How many tombstones there are, when each may go, and which go first when there are too many.
//
// A tombstone lives `ttl` from when it came to be here, not from its stamp: one that arrives late,
// after a long cut, must still be there to correct the peers that show the older value. But nodes
// of ours, among which it arrives at different times, compare it only while its stamp is younger
// than that: else one would be given again and again what it has forgotten and does not take in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/expiry_queue.hpp"
#include "store/register_map.hpp"

namespace groot::store {

class Tombstones {
 public:
  // `registers` is where they are held, and outlives this.
  Tombstones(RegisterMap& registers, std::size_t count_max, std::int64_t ttl_ms);

  // Call after the slot came to hold a tombstone with this stamp. One that is ancient counts no
  // more in the map's fingerprints.
  void added(Slot slot, const Timestamp& stamp, std::int64_t wall_ms);
  // Call after a slot ceased to hold one; whether it counted.
  void removed(bool counted);
  void clear();
  // Takes one that has become ancient out of the map's fingerprints: which; none when all are out.
  std::optional<Slot> uncount_ancient(std::int64_t wall_ms);
  std::optional<std::int64_t> next_ancient_ms() { return ancient_.next_at_ms(); }

  // Older by its stamp than any tombstone that must be kept. Where the key is not even known, such
  // a one is not taken in again from a peer that still shows it.
  [[nodiscard]] bool is_ancient(const Timestamp& stamp, std::int64_t wall_ms) const;
  // One whose time is over; the same one again until it is erased.
  std::optional<Slot> due(std::int64_t wall_ms);
  // The first whose time will be over, or is.
  std::optional<ExpiryQueue::Entry> next_end();
  // Which to erase, none while the limit holds: those with the oldest stamps, and some more than
  // strictly needed, so that the search for them is rare.
  [[nodiscard]] std::vector<Slot> excess() const;
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  [[nodiscard]] bool holds(const ExpiryQueue::Entry& entry) const;

  RegisterMap& registers_;
  ExpiryQueue deadlines_;
  ExpiryQueue ancient_;  // of those that count: when they are
  std::size_t count_ = 0;
  std::size_t count_max_;
  std::int64_t ttl_ms_;
};

}  // namespace groot::store
