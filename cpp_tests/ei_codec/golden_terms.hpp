// The terms of cpp_tests/golden/terms.txt and terms_otp27.txt, whose bytes OTP wrote.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ei_codec/bytes.hpp"

namespace groot::ei_codec::golden {

struct GoldenTerm {
  std::string name;
  Bytes otp25;                      // term_to_binary, {minor_version, 1}
  Bytes otp26;                      // {minor_version, 2}: atoms in UTF-8
  std::optional<std::string> text;  // ~0tp, where Erlang reads it back as the same term
};

// Throws when the file is missing or malformed.
[[nodiscard]] const std::vector<GoldenTerm>& terms();
// The same terms in the same order, but that the funs have another creator. OTP 27 writes ports
// with 64 bits and the pairs of a map in another order.
[[nodiscard]] const std::vector<GoldenTerm>& terms_of_otp27();

[[nodiscard]] Bytes from_hex(std::string_view hex);
[[nodiscard]] std::string to_hex(ByteView bytes);

// The lines of cpp_tests/golden/`file`, split at blanks.
[[nodiscard]] std::vector<std::vector<std::string>> fields(const std::string& file);

}  // namespace groot::ei_codec::golden
