#include <array>
#include <bit>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "cpp_tests/store/script.hpp"
#include "store/register_map.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

std::uint64_t hashed(ByteView key) {
  return hash_key(key, {});
}

}  // namespace

TEST_CASE("every byte and the length of a key count, at every length") {
  for (std::size_t size = 0; size <= 70; ++size) {
    const Bytes key(size, 0);
    std::set<std::uint64_t> hashes{hashed(key)};
    for (std::size_t i = 0; i < size; ++i) {
      Bytes other = key;
      other[i] = 1;
      hashes.insert(hashed(other));
    }
    CHECK(hashes.size() == size + 1);
  }
  std::set<std::uint64_t> zeros;
  for (std::size_t size = 0; size <= 300; ++size) zeros.insert(hashed(Bytes(size, 0)));
  CHECK(zeros.size() == 301);
}

TEST_CASE("one changed bit changes about half of the hash") {
  Bytes key = term("user:session:1234567");
  const std::uint64_t before = hashed(key);
  int changed = 0;
  const int bits = static_cast<int>(key.size()) * 8;
  for (int bit = 0; bit < bits; ++bit) {
    key[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    const int flipped = std::popcount(before ^ hashed(key));
    CHECK(flipped > 12);
    CHECK(flipped < 52);
    changed += flipped;
    key[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::uint8_t>(1 << (bit % 8));
  }
  CHECK(changed > bits * 30);
  CHECK(changed < bits * 34);
}

TEST_CASE("keys that count upwards spread evenly over shards and over low bits") {
  constexpr int keys = 64'000;
  std::array<int, 64> shards{};
  std::array<int, 64> low{};
  std::set<std::uint32_t> halves;
  for (int i = 0; i < keys; ++i) {
    const std::uint64_t hash = hashed(term("key" + std::to_string(i)));
    ++shards[hash >> 58];
    ++low[hash & 63];
    halves.insert(static_cast<std::uint32_t>(hash));
  }
  for (std::size_t i = 0; i < 64; ++i) {
    CHECK(shards[i] > 850);
    CHECK(shards[i] < 1150);
    CHECK(low[i] > 850);
    CHECK(low[i] < 1150);
  }
  CHECK(halves.size() > keys - 10);
}

TEST_CASE("with another secret a key has another hash, whichever word it differs in") {
  for (const std::size_t size : {1U, 7U, 16U, 17U, 40U}) {
    const Bytes key(size, 3);
    std::set<std::uint64_t> hashes{hashed(key)};
    for (std::size_t word = 0; word < 4; ++word) {
      HashSecret secret;
      secret.words[word] ^= 1;
      hashes.insert(hash_key(key, secret));
    }
    CHECK(hashes.size() == 5);
  }
}

// A factor that is zero wipes out all that came before: with words that everybody knows, keys of
// one hash can be written down.
TEST_CASE("keys that collide with a known secret do not with another") {
  Bytes a(40, 0);
  std::memcpy(a.data() + 16, &sqrt_3, sizeof sqrt_3);
  Bytes b = a;
  b[0] = 1;
  CHECK(hashed(a) == hashed(b));
  const HashSecret secret{{1'000'003, 5'915'587'277, 1'500'450'271, 3'267'000'013}};
  CHECK(hash_key(a, secret) != hash_key(b, secret));
}

TEST_CASE("the hash in data files stays as it was") {
  CHECK(frozen_hash(term("key")) == UINT64_C(0x28083a97fdb49621));
  CHECK(frozen_hash(Bytes(40, 7)) == UINT64_C(0xef96de4beb5bf6d0));
}
