#include "ei_codec/integer_text.hpp"

#include <algorithm>
#include <bit>

namespace groot::ei_codec {
namespace {

using Limbs = std::vector<std::uint32_t>;  // little-endian, base 2^32

void multiply_add(Limbs& limbs, std::uint32_t factor, std::uint32_t summand) {
  std::uint64_t carry = summand;
  for (std::uint32_t& limb : limbs) {
    carry += std::uint64_t{limb} * factor;
    limb = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
  if (carry != 0) limbs.push_back(static_cast<std::uint32_t>(carry));
}

// Divides in place, without leading zero limbs after; returns the remainder.
std::uint32_t divide(Limbs& limbs, std::uint32_t divisor) {
  std::uint64_t remainder = 0;
  for (auto limb = limbs.rbegin(); limb != limbs.rend(); ++limb) {
    remainder = remainder << 32 | *limb;
    *limb = static_cast<std::uint32_t>(remainder / divisor);
    remainder %= divisor;
  }
  while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
  return static_cast<std::uint32_t>(remainder);
}

Term from_magnitude(Bytes magnitude, bool negative) {
  while (!magnitude.empty() && magnitude.back() == 0) magnitude.pop_back();
  if (magnitude.size() > 8) return BigInteger{negative, std::move(magnitude)};
  std::uint64_t value = 0;
  for (auto byte = magnitude.rbegin(); byte != magnitude.rend(); ++byte) value = value << 8 | *byte;
  const std::uint64_t limit = std::uint64_t{INT64_MAX} + (negative ? 1 : 0);
  if (value > limit) return BigInteger{negative, std::move(magnitude)};
  return static_cast<std::int64_t>(negative ? ~value + 1 : value);
}

// Each digit is a fixed number of bits: linear.
Bytes magnitude_of_bits(std::string_view digits, unsigned bits_each) {
  Bytes magnitude;
  std::uint32_t pending = 0;
  unsigned bits = 0;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    pending |= digit_value(*digit) << bits;
    for (bits += bits_each; bits >= 8; bits -= 8, pending >>= 8) {
      magnitude.push_back(static_cast<std::uint8_t>(pending));
    }
  }
  magnitude.push_back(static_cast<std::uint8_t>(pending));
  return magnitude;
}

}  // namespace

unsigned digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'z') return static_cast<unsigned>(digit - 'a') + 10;
  if (digit >= 'A' && digit <= 'Z') return static_cast<unsigned>(digit - 'A') + 10;
  return 36;
}

std::string to_decimal(const BigInteger& integer) {
  invariant(integer.magnitude.size() <= decimal_magnitude_bytes_max, "too large for decimal");
  Limbs limbs((integer.magnitude.size() + 3) / 4);
  for (std::size_t i = 0; i < integer.magnitude.size(); ++i) {
    limbs[i / 4] |= std::uint32_t{integer.magnitude[i]} << (8 * (i % 4));
  }
  std::string reversed;
  while (!limbs.empty()) {
    std::uint32_t group = divide(limbs, 1'000'000'000);
    for (int i = 0; i < 9; ++i, group /= 10) {
      reversed.push_back(static_cast<char>('0' + group % 10));
    }
  }
  while (!reversed.empty() && reversed.back() == '0') reversed.pop_back();
  if (reversed.empty()) reversed.push_back('0');
  if (integer.negative) reversed.push_back('-');
  std::ranges::reverse(reversed);
  return reversed;
}

std::string to_hexadecimal(const BigInteger& integer) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (auto byte = integer.magnitude.rbegin(); byte != integer.magnitude.rend(); ++byte) {
    text.push_back(digits[*byte >> 4]);
    text.push_back(digits[*byte & 15]);
  }
  return text;
}

Term integer_from_digits(std::string_view digits, unsigned base, bool negative) {
  if (std::has_single_bit(base)) {
    const auto bits_each = static_cast<unsigned>(std::countr_zero(base));
    return from_magnitude(magnitude_of_bits(digits, bits_each), negative);
  }
  invariant(digits.size() <= decimal_digits_max, "too many digits");
  Limbs limbs;
  std::uint32_t factor = 1;
  std::uint32_t group = 0;
  for (const char digit : digits) {
    group = group * base + digit_value(digit);
    factor *= base;
    if (factor > UINT32_MAX / 36) {
      multiply_add(limbs, factor, group);
      factor = 1;
      group = 0;
    }
  }
  multiply_add(limbs, factor, group);
  Bytes magnitude;
  for (const std::uint32_t limb : limbs) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      magnitude.push_back(static_cast<std::uint8_t>(limb >> shift));
    }
  }
  return from_magnitude(std::move(magnitude), negative);
}

}  // namespace groot::ei_codec
