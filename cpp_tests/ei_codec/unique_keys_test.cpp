#include <string>

#include <doctest/doctest.h>

#include "ei_codec/byte_writer.hpp"
#include "ei_codec/codec_error.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_scan.hpp"
#include "golden_terms.hpp"

namespace groot::ei_codec {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;  // key and value, in hex

Bytes map_of(const Pairs& pairs) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(116).u32(static_cast<std::uint32_t>(pairs.size()));
  for (const auto& [key, value] : pairs) {
    out.bytes(golden::from_hex(key)).bytes(golden::from_hex(value));
  }
  return bytes;
}

bool unique(const Bytes& bytes) {
  const auto scanned = scan_whole_term(bytes);
  REQUIRE(scanned);
  const auto checked = check_unique_keys(*scanned);
  if (!checked) CHECK(checked.error().code == codec_errc::duplicate_key);
  return checked.has_value();
}

std::string map_hex(const Pairs& pairs) {
  return golden::to_hex(map_of(pairs));
}

Pairs numbered(int count) {
  Pairs pairs;
  for (int i = 0; i < count; ++i) pairs.emplace_back(golden::to_hex(encode_term(Term(i))), "6a");
  return pairs;
}

Pairs numbered_atoms(int count) {
  Pairs pairs;
  for (int i = 0; i < count; ++i) {
    pairs.emplace_back(golden::to_hex(encode_term(atom("key" + std::to_string(i)))), "6a");
  }
  return pairs;
}

}  // namespace

TEST_CASE("unique keys: equal terms in different encodings are one key") {
  const std::string small = "6105";
  CHECK_FALSE(unique(map_of({{small, "6a"}, {"6200000005", "6a"}})));
  CHECK_FALSE(unique(map_of({{"770161", "6a"}, {"64000161", "6a"}})));
  CHECK_FALSE(unique(map_of({{"7702c3a9", "6a"}, {"640001e9", "6a"}})));
  CHECK_FALSE(unique(map_of({{"6b000101", "6a"}, {"6c0000000161016a", "6a"}})));
  CHECK_FALSE(unique(map_of({{"460000000000000000", "6a"}, {"468000000000000000", "6a"}})));
  CHECK(unique(map_of({{small, "6a"}, {"463ff0000000000000", "6a"}})));
  CHECK(unique(map_of({{"770161", "6a"}, {"6d0000000161", "6a"}})));  // :a and "a"
  CHECK(unique(map_of({{"7702c3a9", "6a"}, {"7302c3a9", "6a"}})));    // UTF-8, and Latin-1
}

TEST_CASE("unique keys: found at every depth") {
  const std::string twice = map_hex({{"6101", "6a"}, {"6101", "6a"}});
  const std::string once = map_hex({{"6101", "6a"}, {"6102", "6a"}});
  for (const bool good : {false, true}) {
    const std::string& inner = good ? once : twice;
    CAPTURE(inner);
    CHECK(unique(golden::from_hex(inner)) == good);
    CHECK(unique(golden::from_hex("6801" + inner)) == good);               // in a tuple
    CHECK(unique(golden::from_hex("6900000001" + inner)) == good);         // in a large one
    CHECK(unique(golden::from_hex("6c00000001" + inner + "6a")) == good);  // in a list
    CHECK(unique(golden::from_hex("6c000000016a" + inner)) == good);       // as a tail
    CHECK(unique(map_of({{"6a", inner}})) == good);
    CHECK(unique(map_of({{inner, "6a"}})) == good);
    CHECK(unique(map_of({{"6801" + inner, "6a"}, {"6a", "6a"}})) == good);
    const std::string fun_body =
        "0100000000000000000000000000000000000000070000000177016d61016101"
        "58770161000000010000000100000001" +
        inner;
    Bytes fun{112, 0, 0, 0, static_cast<std::uint8_t>(fun_body.size() / 2 + 4)};
    const Bytes body = golden::from_hex(fun_body);
    fun.insert(fun.end(), body.begin(), body.end());
    CHECK(unique(fun) == good);
  }
}

TEST_CASE("unique keys: the same key in different maps is no duplicate") {
  const std::string inner = map_hex({{"770161", "6a"}, {"6101", "6a"}});
  CHECK(unique(map_of({{"770161", inner}, {"6101", inner}})));
  CHECK(unique(golden::from_hex("6802" + inner + inner)));
  // The outer map goes on after an inner one.
  CHECK_FALSE(unique(map_of({{"770161", inner}, {"6101", inner}, {"770161", "6a"}})));
  CHECK_FALSE(unique(map_of({{"6801"
                              "6101",
                              inner},
                             {"6801"
                              "6200000001",
                              inner}})));
}

TEST_CASE("unique keys: small and large maps") {
  for (const int count : {0, 1, 2, 7, 8, 9, 10, 100, 5000}) {
    CAPTURE(count);
    for (Pairs pairs : {numbered(count), numbered_atoms(count)}) {
      CHECK(unique(map_of(pairs)));
      if (count == 0) continue;
      pairs.push_back(pairs[static_cast<std::size_t>(count) / 2]);
      CHECK_FALSE(unique(map_of(pairs)));
    }
  }
}

TEST_CASE("unique keys: a key nested too deeply to compare is refused") {
  const auto with_key_of = [](std::size_t levels) {
    std::string key;
    for (std::size_t i = 0; i < levels; ++i) key += "6801";
    return map_of({{key + "6a", "6a"}});
  };
  CHECK(unique(with_key_of(tree_depth_max)));
  const Bytes deep = with_key_of(tree_depth_max + 1);
  CHECK(check_unique_keys(*scan_whole_term(deep)).error().code == codec_errc::too_deep);
}

}  // namespace groot::ei_codec
