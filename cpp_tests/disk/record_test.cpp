#include "cnode/disk/record.hpp"

#include <string>

#include "cnode/disk/limits.hpp"
#include "cpp_tests/disk/support.hpp"
#include "ei_codec/byte_reader.hpp"

using namespace groot::disk;
using namespace groot::disk::testing;
using groot::store::KeptRegister;
using groot::store::nil_value;
using groot::store::Register;
using groot::store::RegisterKind;
using groot::store::RegisterView;

namespace {

struct Written {
  explicit Written(const RegisterView& view, std::uint64_t number = 0) {
    encode_file_key(view.key, key);
    encode_record(key, *Register::make(view), number, wall_start_ms, record);
  }
  [[nodiscard]] std::optional<KeptRegister> read() const { return decode_record(key, record); }

  Bytes key;
  Bytes record;
};

const groot::store::Timestamp stamp{1'700'000'000'001, 7, 0xfedc'ba98'7654'3210};

}  // namespace

TEST_CASE("what was written is read") {
  const Bytes value = term("value");
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, plain_key_bytes_max,
                                 plain_key_bytes_max + 1, std::size_t{100'000}}) {
    CAPTURE(size);
    const Bytes key(size, 'k');
    for (const auto& view :
         {RegisterView{key, value, stamp}, RegisterView{key, {}, stamp},
          RegisterView{key, value, stamp, RegisterKind::value, 1'700'000'000'500},
          RegisterView{key, nil_value(), stamp, RegisterKind::tombstone}}) {
      const std::uint64_t number = view.kind == RegisterKind::tombstone ? 0 : size;
      const Written written(view, number);
      CHECK(written.key.size() <= 511);
      const auto kept = written.read();
      REQUIRE(kept.has_value());
      CHECK(kept->number == number);
      CHECK(Bytes(kept->reg.key.begin(), kept->reg.key.end()) == key);
      CHECK(groot::store::merge_order(kept->reg, view) == 0);
      CHECK(kept->arrived_ms == (view.kind == RegisterKind::tombstone ? wall_start_ms : 0));
    }
  }
}

TEST_CASE("long keys that begin alike have places of their own") {
  Bytes a(plain_key_bytes_max + 100, 'k');
  Bytes b = a;
  b.back() = 'l';
  Bytes place_of_a;
  Bytes place_of_b;
  encode_file_key(a, place_of_a);
  encode_file_key(b, place_of_b);
  CHECK(place_of_a != place_of_b);
}

TEST_CASE("a record with a changed bit, or cut off, or under another key is none") {
  const Bytes key = term("key");
  const Bytes value = term("value");
  const Written whole(RegisterView{key, value, stamp});
  for (std::size_t bit = 0; bit < whole.record.size() * 8; ++bit) {
    Written changed = whole;
    changed.record[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    CHECK_FALSE(changed.read().has_value());
  }
  for (std::size_t size = 0; size < whole.record.size(); ++size) {
    Written cut = whole;
    cut.record.resize(size);
    CHECK_FALSE(cut.read().has_value());
  }
  Written elsewhere = whole;
  elsewhere.key.back() ^= 1;
  CHECK_FALSE(elsewhere.read().has_value());
}

// Written by the first version of this program; it must stay readable.
TEST_CASE("the bytes of a record are these") {
  const Bytes key = term("k");
  const Bytes value = term("v");
  const Written written(RegisterView{key, value, stamp, RegisterKind::value, 1'700'000'000'500});
  const Bytes rest(written.record.begin() + 8, written.record.end());
  const Bytes expected{0,    0,    7,    0,    0,    1,    0x8b, 0xcf, 0xe5, 0x68, 0x01, 0xfe, 0xdc,
                       0xba, 0x98, 0x76, 0x54, 0x32, 0x10, 0,    0,    1,    0x8b, 0xcf, 0xe5, 0x69,
                       0xf4, 0,    0,    0,    0,    109,  0,    0,    0,    1,    'v'};
  CHECK(rest == expected);
  CHECK(written.key == Bytes{0, 109, 0, 0, 0, 1, 'k'});
  CHECK(groot::ei_codec::ByteReader(written.record).u64() == 10118265164392560305ULL);
}
