#include "ei_codec/codec_error.hpp"

#include <ostream>
#include <set>
#include <string>

#include <doctest/doctest.h>

namespace groot::ei_codec {

TEST_CASE("codec error: each code has a message of its own") {
  std::set<std::string> messages;
  constexpr int last = static_cast<int>(codec_errc::bad_text);
  for (int code = 1; code <= last; ++code) {
    messages.insert(make_error_code(static_cast<codec_errc>(code)).message());
  }
  CHECK(messages.size() == last);
  CHECK_FALSE(messages.contains(codec_category().message(last + 1)));
  const std::error_code code = codec_errc::truncated;
  CHECK(code == codec_errc::truncated);
  CHECK(code != codec_errc::bad_text);
  CHECK(code.category().name() == std::string("codec"));
}

}  // namespace groot::ei_codec
