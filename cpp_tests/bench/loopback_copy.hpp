// The yardstick for all that arrives over loopback: what the kernel takes for the bytes alone.
#pragma once

#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"

namespace groot::bench {

// From the first byte written to the last one read, by two threads over one connection.
[[nodiscard]] Result<double> loopback_copy_ms(ei_codec::ByteView bytes);

}  // namespace groot::bench
