// What the command line of a benchmark holds.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>

namespace groot::bench {

// A whole number; 0 for what is none.
[[nodiscard]] inline std::uint32_t number(const char* text) {
  std::uint32_t value = 0;
  const char* const end = text + std::strlen(text);
  return std::from_chars(text, end, value).ptr == end ? value : 0;
}

}  // namespace groot::bench
