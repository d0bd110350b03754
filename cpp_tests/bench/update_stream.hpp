// Frames of single update_register messages, made before anybody measures what they do.
#pragma once

#include <cstdint>

#include "cpp_tests/bench/raw_link.hpp"

namespace groot::bench {

// `messages` frames over `keys` keys, from the process of `link`: keys of 16 bytes, values of 32.
// Each wins over those before it, and over those of streams that were made earlier.
[[nodiscard]] ei_codec::Bytes update_stream(const RawLink& link, std::uint32_t messages,
                                            std::uint32_t keys);

}  // namespace groot::bench
