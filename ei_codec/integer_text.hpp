// Integers of any size as digits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ei_codec/term.hpp"

namespace groot::ei_codec {

// Converting to and from decimal takes time that grows with the square of the size, so both ways
// end here; base 16 does not.
inline constexpr std::size_t decimal_magnitude_bytes_max = 16 * 1024;
inline constexpr std::size_t decimal_digits_max = 40'000;

// In decimal, with sign. Precondition: magnitude.size() <= decimal_magnitude_bytes_max.
[[nodiscard]] std::string to_decimal(const BigInteger& integer);

// In base 16 without sign or prefix.
[[nodiscard]] std::string to_hexadecimal(const BigInteger& integer);

// The value of a letter or digit, 36 when it is none.
[[nodiscard]] unsigned digit_value(char digit);

// The integer of these digits in base 2..36. Preconditions: digits are not empty and each below
// the base; at most decimal_digits_max of them unless the base is a power of two.
[[nodiscard]] Term integer_from_digits(std::string_view digits, unsigned base, bool negative);

}  // namespace groot::ei_codec
