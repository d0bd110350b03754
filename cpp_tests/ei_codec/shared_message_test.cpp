#include "ei_codec/shared_message.hpp"

#include <ostream>

#include <doctest/doctest.h>

using namespace groot::ei_codec;

namespace {

SharedBytes shared(std::string_view text) {
  return std::make_shared<const Bytes>(as_bytes(text).begin(), as_bytes(text).end());
}
std::string flat(const SharedMessage& message) {
  Bytes bytes;
  message.append_to(bytes);
  return std::string(as_text(bytes));
}

}  // namespace

TEST_CASE("a message is its pieces in order") {
  CHECK(SharedMessage().empty());
  CHECK(SharedMessage(nullptr).empty());
  CHECK(flat(SharedMessage(shared("whole"))) == "whole");
  const SharedBytes value = shared("VALUE");
  for (std::size_t at = 0; at <= 4; ++at) {
    const SharedMessage message(shared("abcd"), at, value);
    CHECK(message.size() == 9);
    CHECK(flat(message) == std::string("abcd").insert(at, "VALUE"));
    CHECK(message.pieces()[1].bytes.data() == value->data());
  }
}

TEST_CASE("a message keeps its value alive") {
  SharedMessage message;
  {
    const SharedBytes whole = shared("..value..");
    message = SharedMessage(shared("ab"), 1, {ByteView(*whole).subspan(2, 5), whole});
  }
  CHECK(flat(message) == "avalueb");
}
