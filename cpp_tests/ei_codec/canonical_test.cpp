#include "ei_codec/canonical.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "ei_codec/codec_error.hpp"
#include "ei_codec/term_encode.hpp"
#include "golden_terms.hpp"

namespace groot::ei_codec {
namespace {

std::string canonical_hex(std::string_view hex) {
  const Bytes bytes = golden::from_hex(hex);
  return golden::to_hex(canonical(scan_whole_term(bytes).value()).value());
}

std::string repeated(std::string_view hex, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += hex;
  return all;
}

codec_errc error_of(std::string_view hex) {
  const Bytes bytes = golden::from_hex(hex);
  Bytes out{1, 2, 3};
  const auto appended = append_canonical(scan_whole_term(bytes).value(), out);
  REQUIRE_FALSE(appended);
  CHECK(out == Bytes{1, 2, 3});
  return static_cast<codec_errc>(appended.error().code.value());
}

}  // namespace

TEST_CASE("canonical: each kind of term, in the form a current OTP writes") {
  CHECK(canonical_hex("64000161") == "770161");  // atoms
  CHECK(canonical_hex("76000161") == "770161");
  CHECK(canonical_hex("7301e9") == "7702c3a9");
  CHECK(canonical_hex("6400c8" + repeated("e9", 200)) == "760190" + repeated("c3a9", 200));
  CHECK(canonical_hex("62000000ff") == "61ff");  // integers
  CHECK(canonical_hex("6200000100") == "6200000100");
  CHECK(canonical_hex("6e0400ffffff7f") == "627fffffff");
  CHECK(canonical_hex("6e040000000080") == "6e040000000080");
  CHECK(canonical_hex("6e040100000080") == "6280000000");
  CHECK(canonical_hex("6e040101000080") == "6e040101000080");
  CHECK(canonical_hex("6e0101ff") == "62ffffff01");
  CHECK(canonical_hex("6e0001") == "6100");
  CHECK(canonical_hex("6f00000005000000000001") == "6e05000000000001");
  CHECK(canonical_hex("6f0000010001" + repeated("01", 255) + "00") ==
        "6eff01" + repeated("01", 255));                               // 256 bytes, one zero
  CHECK(canonical_hex("468000000000000000") == "460000000000000000");  // floats
  CHECK(canonical_hex("63"
                      "312e3530303030303030303030303030303030303030652b3030" +
                      repeated("00", 5)) == "463ff8000000000000");
  CHECK(canonical_hex("4d000000020801ff") == "6d0000000201ff");  // bits
  CHECK(canonical_hex("4d0000000000") == "6d00000000");
  CHECK(canonical_hex("4d000000010300") == "4d000000010300");
  CHECK(canonical_hex("4d0000000103ff") == "4d0000000103e0");
  CHECK(canonical_hex("6900000001"
                      "6a") == "68016a");  // tuples
  CHECK(canonical_hex("67"
                      "64000161"
                      "00000001"
                      "00000002"
                      "03") ==
        "58"
        "770161"
        "00000001"
        "00000002"
        "00000003");  // identifiers
  CHECK(canonical_hex("66"
                      "64000161"
                      "00000001"
                      "03") ==
        "59"
        "770161"
        "00000001"
        "00000003");
  CHECK(canonical_hex("78"
                      "770161"
                      "000000000fffffff"
                      "00000003") ==
        "59"
        "770161"
        "0fffffff"
        "00000003");
  CHECK(canonical_hex("59"
                      "770161"
                      "10000000"
                      "00000003") ==
        "78"
        "770161"
        "0000000010000000"
        "00000003");
  CHECK(canonical_hex("65"
                      "64000161"
                      "00000001"
                      "03") ==
        "5a0003"
        "770161"
        "00000003"
        "00000001"
        "0000000000000000");
  CHECK(canonical_hex("72"
                      "0002"
                      "64000161"
                      "03"
                      "00000001"
                      "00000002") ==
        "5a0003"
        "770161"
        "00000003"
        "00000001"
        "00000002"
        "00000000");
  CHECK(canonical_hex("5a"
                      "0005"
                      "770161"
                      "00000009"
                      "00000001"
                      "00000002"
                      "00000003"
                      "00000004"
                      "00000000") ==
        "5a0005"
        "770161"
        "00000009"
        "00000001"
        "00000002"
        "00000003"
        "00000004"
        "00000000");
  CHECK(canonical_hex("71"
                      "64000161"
                      "64000162"
                      "6102") ==
        "71"
        "770161"
        "770162"
        "6102");
}

TEST_CASE("canonical: lists") {
  CHECK(canonical_hex("6b0000") == "6a");
  CHECK(canonical_hex("6c00000000"
                      "6a") == "6a");
  CHECK(canonical_hex("6c00000000"
                      "770161") == "770161");
  CHECK(canonical_hex("6c00000002"
                      "6101"
                      "6200000002"
                      "6a") == "6b00020102");
  CHECK(canonical_hex("6c00000001"
                      "6101"
                      "6b00020203") == "6b0003010203");
  CHECK(canonical_hex("6c00000001"
                      "6101"
                      "6c00000001"
                      "6102"
                      "6a") == "6b00020102");
  CHECK(canonical_hex("6c00000001"
                      "770161"
                      "6b00020203") ==
        "6c00000003"
        "770161"
        "6102"
        "6103"
        "6a");
  CHECK(canonical_hex("6c00000001"
                      "6101"
                      "6102") ==
        "6c00000001"
        "6101"
        "6102");  // [1 | 2]
  CHECK(canonical_hex("6c00000001"
                      "6101"
                      "6c00000000"
                      "770161") ==
        "6c00000001"
        "6101"
        "770161");
}

TEST_CASE("canonical: a list of bytes is a string up to 65,535 bytes") {
  const std::string longest = "6c0000ffff" + repeated("6107", 65'535) + "6a";
  CHECK(canonical_hex(longest) == "6bffff" + repeated("07", 65'535));
  const std::string longer = "6c00010000" + repeated("6107", 65'536) + "6a";
  CHECK(canonical_hex(longer) == longer);
  CHECK(canonical_hex("6c00000001"
                      "6107"
                      "6bffff" +
                      repeated("07", 65'535)) == longer);
}

TEST_CASE("canonical: map pairs in the order of their keys, at every size") {
  for (const int size : {2, 3, 15, 16, 17, 40, 1000}) {
    CAPTURE(size);
    std::vector<std::pair<Term, Term>> pairs;
    for (int i = 0; i < size; ++i) pairs.emplace_back(i * 7919 % 100'003, i);
    const Bytes forwards = encode_term(map(pairs));
    std::ranges::reverse(pairs);
    const Bytes backwards = encode_term(map(pairs));
    CHECK(forwards != backwards);
    CHECK(canonical(*scan_whole_term(forwards)).value() ==
          canonical(*scan_whole_term(backwards)).value());
  }
}

TEST_CASE("canonical: a key that stands twice is refused, and nothing is appended") {
  CHECK(error_of("7400000002"
                 "6101"
                 "6a"
                 "6200000001"
                 "6a") == codec_errc::duplicate_key);
  CHECK(error_of("6801"
                 "7400000003"
                 "6101"
                 "6a"
                 "6102"
                 "6a"
                 "6101"
                 "6a") == codec_errc::duplicate_key);
}

TEST_CASE("canonical: the size of a fun follows its contents") {
  for (const auto& term : golden::terms()) {
    if (!term.name.starts_with("fun_")) continue;
    CAPTURE(term.name);
    const Bytes key = canonical(*scan_whole_term(term.otp25)).value();
    CHECK(scan_whole_term(key));
    CHECK(key == canonical(*scan_whole_term(term.otp26)).value());
  }
}

TEST_CASE("canonical: depth, just below and just above") {
  const std::string container[] = {"6801", "6c00000001",
                                   "740000000161"
                                   "01"};
  for (const std::string& open : container) {
    CAPTURE(open);
    const std::string close = open.starts_with("6c") ? "6a" : "";
    const std::string deepest =
        repeated(open, tree_depth_max) + "6a" + repeated(close, tree_depth_max);
    const std::string deeper =
        repeated(open, tree_depth_max + 1) + "6a" + repeated(close, tree_depth_max + 1);
    CHECK_FALSE(canonical_hex(deepest).empty());
    CHECK(error_of(deeper) == codec_errc::too_deep);
  }
  // A list that comes in pieces is one level.
  CHECK(canonical_hex(repeated("6c000000016101", 5'000) + "6a") ==
        "6b1388" + repeated("01", 5'000));
}

TEST_CASE("canonical: normalized bytes keep the sign of zero and the words of a reference") {
  const auto normalized = [](std::string_view hex) {
    const Bytes bytes = golden::from_hex(hex);
    Bytes out;
    REQUIRE(append_normalized(*scan_whole_term(bytes), out));
    return golden::to_hex(out);
  };
  CHECK(normalized("468000000000000000") == "468000000000000000");
  CHECK(normalized("5a"
                   "0001"
                   "64000161"
                   "00000009"
                   "00000001") ==
        "5a"
        "0001"
        "770161"
        "00000009"
        "00000001");
  CHECK(normalized("64000161") == "770161");
}

TEST_CASE("canonical: a key's reference has as many words as a BEAM reads back as its own") {
  const auto reference = [](std::string_view count, std::string_view words) {
    return canonical_hex("5a" + std::string(count) + "77016100000009" + std::string(words));
  };
  const std::string three = "5a000377016100000009000000010000000200000003";
  CHECK(reference("0003", "000000010000000200000003") == three);
  CHECK(reference("0005", "0000000100000002000000030000000000000000") == three);
  CHECK(reference("0001", "00000001") == "5a000377016100000009000000010000000000000000");
  const std::string alias = "5a0005770161000000090000000100000002000000030000000400000000";
  CHECK(reference("0005", "0000000100000002000000030000000400000000") == alias);
  CHECK(reference("0004", "00000001000000020000000300000004") == alias);
}

TEST_CASE("canonical: is_list") {
  const auto list = [](std::string_view hex) {
    const Bytes bytes = golden::from_hex(hex);
    return is_list(*scan_whole_term(bytes));
  };
  CHECK(list("6a"));
  CHECK(list("6b0000"));
  CHECK(list("6b000161"));
  CHECK(
      list("6c00000001"
           "6a"
           "6a"));
  CHECK(
      list("6c00000001"
           "6a"
           "6101"));
  CHECK(
      list("6c00000000"
           "6a"));
  CHECK_FALSE(
      list("6c00000000"
           "6101"));
  CHECK_FALSE(list("68016a"));
  CHECK_FALSE(list("770161"));
}

}  // namespace groot::ei_codec
