#include "ei_codec/message_buffer.hpp"

#include <cstdint>
#include <fstream>
#include <ostream>

#include <doctest/doctest.h>

using namespace groot::ei_codec;

TEST_CASE("parts of any size become one piece, whatever was expected") {
  constexpr std::size_t megabyte = std::size_t{1} << 20;
  for (const std::size_t told : {std::size_t{0}, std::size_t{1}, megabyte, 12 * megabyte,
                                 100 * megabyte, std::size_t{1} << 46, SIZE_MAX / 2}) {
    CAPTURE(told);
    MessageBuffer buffer(told);
    Bytes expected;
    for (std::size_t size = 0; size < 6 * megabyte; size = size * 3 / 2 + 1) {
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
    CHECK(same_bytes(buffer.bytes().subspan(expected.size()), expected));
  }
}

TEST_CASE("what is expected takes no memory before it comes") {
  const auto resident_pages = [] {
    std::ifstream statm("/proc/self/statm");
    std::size_t all = 0;
    std::size_t resident = 0;
    statm >> all >> resident;
    return resident;
  };
  MessageBuffer buffer(std::size_t{1} << 30);
  const std::size_t before = resident_pages();
  for (int i = 0; i < 100; ++i) buffer.append(Bytes(65'536, 1));
  CHECK(resident_pages() - before < 16'384);  // 64 MiB, where 6 have come and 1 GiB was expected
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
