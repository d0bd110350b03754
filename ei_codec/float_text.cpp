#include "ei_codec/float_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

#include "ei_codec/term_tags.hpp"

namespace groot::ei_codec {
namespace {

const char* skip_digits(const char* at, const char* end) {
  return std::find_if_not(at, end, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_sign(const char* at, const char* end) {
  return at != end && (*at == '+' || *at == '-');
}

// sign? digits point digits (e sign? digits)?
bool is_float(const char* begin, const char* end) {
  const char* whole = is_sign(begin, end) ? begin + 1 : begin;
  const char* point = skip_digits(whole, end);
  if (point == whole || point == end || *point != '.') return false;
  const char* exponent = skip_digits(point + 1, end);
  if (exponent == point + 1) return false;
  if (exponent == end) return true;
  if (*exponent != 'e' && *exponent != 'E') return false;
  ++exponent;
  if (is_sign(exponent, end)) ++exponent;
  return exponent != end && skip_digits(exponent, end) == end;
}

}  // namespace

std::optional<double> parse_float_ext(const std::uint8_t* text) {
  std::array<char, tag::old_float_bytes> copy;
  std::copy_n(text, copy.size(), copy.begin());
  const char* begin = copy.data();
  const char* end = std::find(begin, begin + copy.size(), '\0');
  std::replace(copy.begin(), copy.end(), ',', '.');  // OTP takes either
  if (end == begin + copy.size() || !is_float(begin, end)) return std::nullopt;
  if (*begin == '+') ++begin;  // from_chars takes none
  double value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace groot::ei_codec
