#include "ei_codec/float_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <doctest/doctest.h>

#include "ei_codec/bytes.hpp"

namespace groot::ei_codec {
namespace {

std::optional<double> parsed(std::string_view text) {
  std::array<std::uint8_t, 31> bytes{};
  std::ranges::copy(as_bytes(text), bytes.begin());
  return parse_float_ext(bytes.data());
}

}  // namespace

TEST_CASE("float text: what OTP wrote, and what it reads") {
  CHECK(parsed("1.50000000000000000000e+00") == 1.5);
  CHECK(parsed("-1.79769313486231570815e+308") == -1.7976931348623157e308);
  CHECK(parsed("4.94065645841246544177e-324") == 5e-324);
  CHECK(parsed("0.1") == 0.1);
  CHECK(parsed("+1,5E2") == 150.0);
  CHECK(std::signbit(*parsed("-0.0")));
  CHECK(parsed(std::string_view("1.5\0garbage", 11)) == 1.5);
}

TEST_CASE("float text: what is no float") {
  for (const std::string_view text :
       {"", "1", "1.", ".5", "-", "1.5e", "1.5e+", "1.5x", "1.5 ", " 1.5", "1.5e400", "1.5e-400",
        "nan", "inf", "0x1.8", "1.5.2", "--1.5"}) {
    CAPTURE(text);
    CHECK_FALSE(parsed(text));
  }
}

TEST_CASE("float text: 30 characters fit, the 31st must be zero") {
  CHECK(parsed("1.5000000000000000000000000000") == 1.5);
  CHECK_FALSE(parsed("1.50000000000000000000000000000"));
}

}  // namespace groot::ei_codec
