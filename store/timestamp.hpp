// The hybrid logical clock's stamp: what orders writes.
//
// Wire form: %HLClock.Timestamp{time, counter, node_id} (groot-protocol section 2). hlclock packs
// time into 48 bits and counter into 16; a stamp outside those is refused where it is read.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace groot::store {

struct Timestamp {
  std::uint64_t time_ms = 0;  // Unix time, 48 bits
  std::uint16_t counter = 0;
  std::uint64_t node_id = 0;
  // Time, then counter, then node id: the order every Groot version uses.
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

inline constexpr std::uint64_t time_ms_max = (std::uint64_t{1} << 48) - 1;

// The smallest stamp above `stamp` that no clock issues for a write: the same instant, node id one
// higher. An expiry carries it, so every node of ours writes the very same tombstone for one
// version, and any write made after that version beats it. A full node id carries into the counter,
// a full counter into the time; above the very last stamp there is none, and it is returned itself.
[[nodiscard]] Timestamp just_above(const Timestamp& stamp);

// "1700000000000.3@00000000000000ff", for logs.
[[nodiscard]] std::string to_text(const Timestamp& stamp);

}  // namespace groot::store
