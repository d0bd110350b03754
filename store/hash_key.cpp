// A multiply-and-fold hash: each 16 bytes are spread over 128 bits by one multiplication, whose
// halves are folded together. Keys are mostly under 32 bytes: two or three multiplications.
#include <cstring>

#include "store/fold.hpp"
#include "store/register_map.hpp"

namespace groot::store {
namespace {

template <class Word>
std::uint64_t read(const std::uint8_t* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace

std::uint64_t hash_key(ByteView key) {
  const std::uint8_t* at = key.data();
  std::size_t left = key.size();
  std::uint64_t state = sqrt_2 ^ left;
  for (; left > 16; at += 16, left -= 16) {
    state = fold(read<std::uint64_t>(at) ^ sqrt_3, read<std::uint64_t>(at + 8) ^ state);
  }
  // The last 1 to 16 bytes: two words that overlap where there are fewer.
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (left >= 8) {
    a = read<std::uint64_t>(at);
    b = read<std::uint64_t>(at + left - 8);
  } else if (left >= 4) {
    a = read<std::uint32_t>(at);
    b = read<std::uint32_t>(at + left - 4);
  } else if (left > 0) {
    a = (std::uint64_t{at[0]} << 16) | (std::uint64_t{at[left / 2]} << 8) | at[left - 1];
  }
  state = fold(a ^ sqrt_5, b ^ state);
  return fold(state ^ sqrt_7, sqrt_3 ^ key.size());
}

}  // namespace groot::store
