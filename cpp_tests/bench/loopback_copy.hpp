// The yardsticks for all that goes over loopback: what the kernel takes for the bytes alone.
#pragma once

#include <utility>

#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"

namespace groot::bench {

// A connection of which this process has both ends.
class LoopbackPair {
 public:
  [[nodiscard]] static Result<LoopbackPair> open();
  LoopbackPair(LoopbackPair&& other) noexcept
      : near_(std::exchange(other.near_, -1)), far_(std::exchange(other.far_, -1)) {}
  LoopbackPair& operator=(LoopbackPair&&) = delete;
  ~LoopbackPair();

  [[nodiscard]] int near() const { return near_; }
  [[nodiscard]] int far() const { return far_; }

 private:
  LoopbackPair(int near, int far) : near_(near), far_(far) {}

  int near_;
  int far_;
};

// From the first byte written to the last one read, by two threads over one connection.
[[nodiscard]] Result<double> loopback_copy_ms(ei_codec::ByteView bytes);

}  // namespace groot::bench
