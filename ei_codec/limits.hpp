// What the codec accepts from outside, and why. Each bound is tested just below and just above.
#pragma once

#include <cstddef>

namespace groot::ei_codec {

struct ScanLimits {
  // Bytes of one term. 64 MiB is the largest value a user may store (`--max-value-size`); the
  // rest is room for a full state of many registers in one message.
  std::size_t max_bytes = std::size_t{1} << 30;
  // Levels of nesting. Real values stay under a hundred: Erlang writes a long list flat. But one
  // that is deeper ends the link that it comes on, so the bound is only there to keep the work of
  // iterative passes in bounds: 8 bytes a level here, 32 in check_unique_keys.
  std::size_t max_depth = 1'000'000;
  // Terms of any kind in one term. Each costs at least one byte, so max_bytes bounds it too; this
  // one stops a peer from making us count for seconds.
  std::size_t max_terms = std::size_t{1} << 28;
};

// A value from this size on is not copied with the message around it: it stays in the buffer that
// it came in, and goes out from there. Copying 200 MB at once would keep a node from everything
// else for a tenth of a second and more.
inline constexpr std::size_t kept_bytes_min = std::size_t{1} << 20;

// A tree (`Term`) is decoded, printed, compared and destroyed by recursion: a lower bound than for
// bytes that stay bytes, and the same one for keys, which are made canonical by recursion.
inline constexpr std::size_t tree_depth_max = 500;

}  // namespace groot::ei_codec
