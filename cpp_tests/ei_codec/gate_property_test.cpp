// The gate and OTP's binary_to_term say the same of bytes that nobody chose.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "binary_to_term.hpp"
#include "ei_codec/canonical.hpp"
#include "ei_codec/codec_error.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_scan.hpp"
#include "ei_codec/term_tags.hpp"
#include "golden_terms.hpp"
#include "random_terms.hpp"

namespace groot::ei_codec {
namespace {

// ATOM_INTERNAL_REF2 and 3 (erts, external.h).
constexpr std::uint8_t atom_number_2 = 73;
constexpr std::uint8_t atom_number_3 = 75;
constexpr std::array<std::uint8_t, 6> telling_bytes{0, 1, 2, 127, 128, 255};

// In a few places, or not at all.
Bytes damaged(Bytes bytes) {
  const int damages = *rc::gen::inRange(0, 4);
  for (int i = 0; i < damages && !bytes.empty(); ++i) {
    const auto at = bytes.begin() +
                    *rc::gen::inRange<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(bytes.size()));
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
        *at ^= static_cast<std::uint8_t>(1 << *rc::gen::inRange(0, 8));
        break;
      case 1:
        *at = *rc::gen::elementOf(telling_bytes);
        break;
      case 2:
        *at = *rc::gen::inRange<std::uint8_t>(97, 121);
        break;
      case 3:
        bytes.erase(at);
        break;
      case 4:
        bytes.insert(at, *rc::gen::inRange<std::uint8_t>(97, 121));
        break;
      default:
        bytes.erase(at, bytes.end());
    }
  }
  // A fun with a damaged inside can crash OTP 25, and of exports it takes more than there are: both
  // are among the samples of term_scan_test. It also takes its own atom numbers, which ETS writes
  // and which say nothing to another node.
  for (const std::uint8_t byte : {tag::new_fun, tag::export_fun, atom_number_2, atom_number_3}) {
    std::ranges::replace(bytes, byte, tag::small_integer);
  }
  return bytes;
}

// The same term but for its integers and binaries.
Term with_other_leaves(const Term& term) {
  const auto others = [](const std::vector<Term>& terms) {
    std::vector<Term> result;
    for (const Term& each : terms) result.push_back(with_other_leaves(each));
    return result;
  };
  if (term.get_if<std::int64_t>()) {
    return *rc::gen::element(std::int64_t{1}, std::int64_t{300}, INT64_MIN) +
           *rc::gen::inRange(0, 99);
  }
  if (term.get_if<Binary>()) return Binary(*rc::gen::arbitrary<Bytes>());
  if (const auto* tuple = term.get_if<Tuple>()) return Tuple{others(tuple->elements)};
  if (const auto* list = term.get_if<List>())
    return List{others(list->elements), others(list->tail)};
  if (const auto* map = term.get_if<Map>()) {
    Map result = *map;
    for (auto& [key, value] : result.pairs) value = with_other_leaves(value);
    return result;
  }
  return term;
}

// A map large enough to be scanned by the shape of its pairs, of which most are alike.
void append_large_map(Bytes& bytes) {
  const Term value = *random_term(3);
  const auto count = *rc::gen::inRange<std::uint8_t>(15, 60);
  const std::array<std::uint8_t, 5> header{tag::map, 0, 0, 0, count};
  bytes.insert(bytes.end(), header.begin(), header.end());
  for (std::uint8_t i = 0; i < count; ++i) {
    const bool alike = *rc::gen::inRange(0, 10) > 0;
    encode_term(alike ? tuple({binary("key"), i}) : Term(Atom{"key_" + std::to_string(i)}), bytes);
    encode_term(with_other_leaves(alike ? value : *random_term(2)), bytes);
  }
}

Bytes random_large_maps() {
  const auto count = *rc::gen::inRange<std::uint8_t>(1, 4);
  Bytes bytes{tag::small_tuple, count};
  for (std::uint8_t i = 0; i < count; ++i) append_large_map(bytes);
  return bytes;
}

// Where the gate alone refuses, as term_scan_test says: references without words, and float text
// that underflows.
bool may_be_stricter(const Error& error) {
  return error.code == codec_errc::bad_identifier || error.code == codec_errc::bad_float;
}

bool has_tag(const Bytes& bytes, std::initializer_list<std::uint8_t> tags) {
  return std::ranges::any_of(bytes,
                             [&](std::uint8_t byte) { return std::ranges::count(tags, byte) > 0; });
}

// `per_case` terms of `make` in each case.
void check_as_otp(int per_case, const std::function<Bytes()>& make) {
  BinaryToTerm otp;
  std::size_t accepted = 0;
  std::size_t refused = 0;
  CHECK(rc::check([&] {
    for (int i = 0; i < per_case; ++i) {
      const Bytes bytes = damaged(make());
      RC_LOG() << golden::to_hex(bytes) << "\n";
      const auto used = otp.used(bytes);
      const auto scanned = scan_term(bytes);
      const bool passed = scanned && check_unique_keys(*scanned);
      ++(used ? accepted : refused);
      if (used && !scanned && may_be_stricter(scanned.error())) {
        RC_ASSERT(has_tag(bytes, {tag::newer_reference, tag::new_reference, tag::old_float}));
        continue;
      }
      RC_ASSERT(passed == used.has_value());
      if (used) RC_ASSERT(scanned->size() == *used);
    }
  }));
  // Else it has shown nothing.
  CHECK(accepted > static_cast<std::size_t>(10 * per_case));
  CHECK(refused > static_cast<std::size_t>(10 * per_case));
}

}  // namespace

TEST_CASE("property: the gate accepts and refuses what binary_to_term does, to the same byte") {
  check_as_otp(20, [] { return random_encoding(*random_term(3)); });
}

TEST_CASE("property: the same of large maps, whose pairs are compared with each other") {
  check_as_otp(5, random_large_maps);
}

}  // namespace groot::ei_codec
