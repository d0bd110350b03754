#include <array>
#include <bit>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "cpp_tests/store/script.hpp"
#include "store/register_map.hpp"

using namespace groot::store;
using namespace groot::store::testing;

TEST_CASE("every byte and the length of a key count, at every length") {
  for (std::size_t size = 0; size <= 70; ++size) {
    const Bytes key(size, 0);
    std::set<std::uint64_t> hashes{hash_key(key)};
    for (std::size_t i = 0; i < size; ++i) {
      Bytes other = key;
      other[i] = 1;
      hashes.insert(hash_key(other));
    }
    CHECK(hashes.size() == size + 1);
  }
  std::set<std::uint64_t> zeros;
  for (std::size_t size = 0; size <= 300; ++size) zeros.insert(hash_key(Bytes(size, 0)));
  CHECK(zeros.size() == 301);
}

TEST_CASE("one changed bit changes about half of the hash") {
  Bytes key = term("user:session:1234567");
  const std::uint64_t before = hash_key(key);
  int changed = 0;
  const int bits = static_cast<int>(key.size()) * 8;
  for (int bit = 0; bit < bits; ++bit) {
    key[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    const int flipped = std::popcount(before ^ hash_key(key));
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
    const std::uint64_t hash = hash_key(term("key" + std::to_string(i)));
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
