// The canonical form of terms without elements: canonical.cpp's inner half.
#pragma once

#include <cstdint>

#include "ei_codec/bytes.hpp"

namespace groot::ei_codec {

enum class Form {
  key,         // equal terms, equal bytes
  normalized,  // the same, but for what append_normalized keeps
};

// Appends the term at `at`, scanned and neither tuple, list, map nor local fun; returns the first
// byte after it.
[[nodiscard]] const std::uint8_t* append_leaf(const std::uint8_t* at, Form form, Bytes& out);

}  // namespace groot::ei_codec
