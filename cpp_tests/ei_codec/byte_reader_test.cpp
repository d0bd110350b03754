#include "ei_codec/byte_reader.hpp"

#include <doctest/doctest.h>

#include "ei_codec/byte_writer.hpp"

namespace groot::ei_codec {
namespace {

Bytes sample() {
  Bytes bytes;
  ByteWriter(bytes)
      .u8(1)
      .u16(0x0203)
      .u32(0x04050607)
      .u64(0x08090A0B0C0D0E0F)
      .text("ab")
      .bytes(Bytes{16, 17});
  return bytes;
}

bool reads_sample(ByteReader& in) {
  return in.u8() == 1 && in.u16() == 0x0203 && in.u32() == 0x04050607 &&
         in.u64() == 0x08090A0B0C0D0E0F && in.text(2) == "ab" &&
         same_bytes(in.bytes(2), Bytes{16, 17});
}

}  // namespace

TEST_CASE("bytes: big-endian, in the order written") {
  const Bytes bytes = sample();
  CHECK(same_bytes(ByteView(bytes).first(15),
                   Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
  ByteReader in(bytes);
  CHECK(reads_sample(in));
  CHECK(in.ok());
  CHECK(in.rest().empty());
}

TEST_CASE("bytes: what follows stays") {
  Bytes bytes = sample();
  bytes.push_back(99);
  ByteReader in(bytes);
  CHECK(reads_sample(in));
  CHECK(same_bytes(in.rest(), Bytes{99}));
}

TEST_CASE("bytes: every strict prefix fails, and the failure sticks") {
  const Bytes bytes = sample();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    ByteReader in(ByteView(bytes).first(size));
    (void)reads_sample(in);
    (void)in.bytes(bytes.size());
    CHECK_FALSE(in.ok());
    CHECK(in.u8() == 0);
    CHECK_FALSE(in.ok());
  }
}

TEST_CASE("bytes: a failed read takes nothing") {
  ByteReader in(ByteView{});
  CHECK(in.bytes(0).empty());
  CHECK(in.ok());
  CHECK(in.u32() == 0);
  CHECK_FALSE(in.ok());
  CHECK(in.bytes(0).empty());
  CHECK(in.text(SIZE_MAX).empty());
}

}  // namespace groot::ei_codec
