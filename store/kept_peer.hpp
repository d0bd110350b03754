// What is kept of a peer beyond the process.
#pragma once

#include <cstdint>
#include <string>

#include "ei_codec/bytes.hpp"

namespace groot::store {

struct KeptPeer {
  std::string name;
  // Wall time when it was last found to replicate; 0: it is forgotten.
  std::int64_t linked_ms = 0;
  // Tells what remembers there, a process or a file, from any other; empty: unknown.
  ei_codec::Bytes memory = {};
  // That memory has held everything up to the journal entry of this number.
  std::uint64_t level = 0;
};

}  // namespace groot::store
