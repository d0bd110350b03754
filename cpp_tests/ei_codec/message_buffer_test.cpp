#include "ei_codec/message_buffer.hpp"

#include <ostream>

#include <doctest/doctest.h>

using namespace groot::ei_codec;

TEST_CASE("parts of any size become one piece") {
  MessageBuffer buffer;
  Bytes expected;
  for (std::size_t size = 0; size < 100'000; size = size * 3 / 2 + 1) {
    const Bytes part(size, static_cast<std::uint8_t>(size));
    buffer.append(part);
    expected.insert(expected.end(), part.begin(), part.end());
    CHECK(buffer.size() == expected.size());
  }
  CHECK(same_bytes(buffer.bytes(), expected));
  buffer.finish();
  CHECK(same_bytes(buffer.bytes(), expected));
  buffer.append(expected);
  CHECK(buffer.size() == 2 * expected.size());
}

TEST_CASE("a buffer that nothing was written to is empty") {
  MessageBuffer buffer;
  CHECK(buffer.bytes().empty());
  buffer.append({});
  buffer.finish();
  CHECK(buffer.bytes().empty());
}

TEST_CASE("the last who keeps it frees it") {
  std::shared_ptr<const MessageBuffer> kept;
  {
    const auto buffer = std::make_shared<MessageBuffer>();
    buffer->append(as_bytes("message"));
    kept = buffer->shared_from_this();
  }
  CHECK(as_text(kept->bytes()) == "message");
}
