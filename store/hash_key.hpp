// Hashes of bytes, of a key above all. Multiply and fold: each 16 bytes are spread over 128 bits by
// one multiplication, whose halves are folded together. Keys are mostly under 32 bytes: two or
// three multiplications. Here for all to see, as a call would cost a look-up as much again.
#pragma once

#include <cstdint>
#include <cstring>

#include "ei_codec/bytes.hpp"
#include "store/fold.hpp"

namespace groot::store {

template <class Word>
std::uint64_t read_word(const std::uint8_t* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// 64 bits, all of them usable as an index.
[[nodiscard]] inline std::uint64_t hash_bytes(ei_codec::ByteView bytes, std::uint64_t seed) {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t state = seed ^ left;
  for (; left > 16; at += 16, left -= 16) {
    state = fold(read_word<std::uint64_t>(at) ^ sqrt_3, read_word<std::uint64_t>(at + 8) ^ state);
  }
  // The last 1 to 16 bytes: two words that overlap where there are fewer.
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (left >= 8) {
    a = read_word<std::uint64_t>(at);
    b = read_word<std::uint64_t>(at + left - 8);
  } else if (left >= 4) {
    a = read_word<std::uint32_t>(at);
    b = read_word<std::uint32_t>(at + left - 4);
  } else if (left > 0) {
    a = (std::uint64_t{at[0]} << 16) | (std::uint64_t{at[left / 2]} << 8) | at[left - 1];
  }
  state = fold(a ^ sqrt_5, b ^ state);
  return fold(state ^ sqrt_7, sqrt_3 ^ bytes.size());
}

// Not keyed: keys come from the cluster, which is trusted with far more than collisions. Frozen:
// data files carry it as a check on their records.
[[nodiscard]] inline std::uint64_t hash_key(ei_codec::ByteView key) {
  return hash_bytes(key, sqrt_2);
}

}  // namespace groot::store
