// Hashes of bytes, of a key above all. Multiply and fold: each 16 bytes are spread over 128 bits by
// one multiplication, whose halves are folded together. Keys are mostly under 32 bytes: two or
// three multiplications. Here for all to see, as a call would cost a look-up as much again.
//
// What is multiplied is masked with secret words: who knew them could choose bytes that make a
// factor zero, and with it all that came before.
#pragma once

#include <array>
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

// Shared by the nodes that compare hashes, and known to nobody who chooses what is hashed. These
// words are the ones that everybody knows: for tests, and for hashes of what nobody has a reason to
// choose.
struct HashSecret {
  std::array<std::uint64_t, 4> words{sqrt_2, sqrt_3, sqrt_5, sqrt_7};
};

// 64 bits, all of them usable as an index. Another `start`, another hash.
[[nodiscard]] inline std::uint64_t hash_bytes(ei_codec::ByteView bytes, const HashSecret& secret,
                                              std::uint64_t start) {
  const auto& words = secret.words;
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t state = start ^ left;
  for (; left > 16; at += 16, left -= 16) {
    state = fold(read_word<std::uint64_t>(at) ^ words[1], read_word<std::uint64_t>(at + 8) ^ state);
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
  state = fold(a ^ words[2], b ^ state);
  return fold(state ^ words[3], words[1] ^ bytes.size());
}

[[nodiscard]] inline std::uint64_t hash_key(ei_codec::ByteView key, const HashSecret& secret) {
  return hash_bytes(key, secret, secret.words[0]);
}

// Without a secret. Frozen: data files carry it as a check on their records.
[[nodiscard]] inline std::uint64_t frozen_hash(ei_codec::ByteView bytes) {
  constexpr HashSecret known;
  return hash_key(bytes, known);
}

}  // namespace groot::store
