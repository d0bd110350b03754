// FLOAT_EXT (tag 99): a float as 31 characters, what term_to_binary wrote before OTP 17.
#pragma once

#include <cstdint>
#include <optional>

namespace groot::ei_codec {

// Reads the 31 bytes at `text` as OTP does: digits, a point (or comma), digits, perhaps an
// exponent, a zero byte, and then whatever. Nothing when it is no number, overflows, has no zero
// byte (OTP reads on past the end), or underflows (to OTP that is 0.0; it never writes such text).
// Does not depend on the locale, unlike ei_decode_double.
[[nodiscard]] std::optional<double> parse_float_ext(const std::uint8_t* text);

}  // namespace groot::ei_codec
