// The one source of chance in a simulation: the same seed, the same numbers, on every machine and
// compiler (the standard's distributions promise neither).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace groot::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // splitmix64 (Steele, Lea and Flood, 2014).
  std::uint64_t next() {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }
  // Both ends included. Precondition: low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    const auto width = static_cast<std::uint64_t>(high - low) + 1;
    return low + static_cast<std::int64_t>(next() % width);
  }
  bool chance(int percent) { return between(1, 100) <= percent; }
  std::size_t index(std::size_t size) { return static_cast<std::size_t>(next() % size); }
  // A source of its own for a part: what is drawn here does not change what is drawn there.
  Random split() { return Random(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace groot::sim
