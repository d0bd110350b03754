// How many tombstones there are, when each may go, and which go first when there are too many.
//
// A tombstone lives `ttl` from when it came to be here, not from its stamp: one that arrives late,
// after a long cut, must still be there to correct the peers that show the older value.
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
  Tombstones(const RegisterMap& registers, std::size_t count_max, std::int64_t ttl_ms);

  // Call after the slot came to hold a tombstone with this stamp.
  void added(Slot slot, const Timestamp& stamp, std::int64_t wall_ms);
  // Call after a slot ceased to hold one.
  void removed();
  void clear();

  // Older by its stamp than any tombstone that must be kept. Where the key is not even known, such
  // a one is not taken in again from a peer that still shows it.
  [[nodiscard]] bool is_ancient(const Timestamp& stamp, std::int64_t wall_ms) const;
  // One whose time is over; the same one again until it is erased.
  std::optional<Slot> due(std::int64_t wall_ms);
  std::optional<std::int64_t> next_at_ms() { return deadlines_.next_at_ms(); }
  // Which to erase, none while the limit holds: those with the oldest stamps, and some more than
  // strictly needed, so that the search for them is rare.
  [[nodiscard]] std::vector<Slot> excess() const;
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  const RegisterMap& registers_;
  ExpiryQueue deadlines_;
  std::size_t count_ = 0;
  std::size_t count_max_;
  std::int64_t ttl_ms_;
};

}  // namespace groot::store
