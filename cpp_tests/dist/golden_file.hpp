// The lines of cpp_tests/golden/distribution.txt: what epmd and a BEAM put on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ei_codec/bytes.hpp"

namespace groot::dist::golden {

// Throw when the file or the line is missing.
[[nodiscard]] std::string text(std::string_view name);
[[nodiscard]] ei_codec::Bytes bytes(std::string_view name);
[[nodiscard]] std::uint32_t number(std::string_view name);

}  // namespace groot::dist::golden
