#include "store/value_hash.hpp"

#include <array>

#include "store/hash_key.hpp"

namespace groot::store {

std::uint64_t hash_short_value(ei_codec::ByteView value) {
  return frozen_hash(value);
}

// Four lanes side by side, as each multiplication waits for the one before it: a value of many
// megabytes is read as fast as memory is.
std::uint64_t hash_long_value(ei_codec::ByteView value) {
  constexpr std::size_t lane_bytes = 16;
  // None of them the mask below: the two words of a lane could change places.
  std::array<std::uint64_t, 4> lanes{sqrt_2, sqrt_5, sqrt_7, ~sqrt_2};
  constexpr std::size_t step = lane_bytes * lanes.size();
  std::size_t at = 0;
  for (; at + step <= value.size(); at += step) {
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      const std::uint8_t* const from = value.data() + at + i * lane_bytes;
      lanes[i] = fold(read_word<std::uint64_t>(from) ^ sqrt_3,
                      read_word<std::uint64_t>(from + 8) ^ lanes[i]);
    }
  }
  const std::uint64_t start =
      fold(lanes[0] ^ sqrt_5, lanes[1]) ^ fold(lanes[2] ^ sqrt_7, lanes[3]) ^ value.size();
  return hash_bytes(value.subspan(at), {}, start);
}

}  // namespace groot::store
