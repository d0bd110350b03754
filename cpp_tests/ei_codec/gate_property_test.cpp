// The gate and OTP's binary_to_term say the same of bytes that nobody chose.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "binary_to_term.hpp"
#include "ei_codec/canonical.hpp"
#include "ei_codec/codec_error.hpp"
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

// A valid encoding of some term, damaged in a few places, or not at all.
Bytes random_bytes() {
  Bytes bytes = random_encoding(*random_term(3));
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

// Where the gate alone refuses, as term_scan_test says: references without words, and float text
// that underflows.
bool may_be_stricter(const Error& error) {
  return error.code == codec_errc::bad_identifier || error.code == codec_errc::bad_float;
}

bool has_tag(const Bytes& bytes, std::initializer_list<std::uint8_t> tags) {
  return std::ranges::any_of(bytes,
                             [&](std::uint8_t byte) { return std::ranges::count(tags, byte) > 0; });
}

}  // namespace

TEST_CASE("property: the gate accepts and refuses what binary_to_term does, to the same byte") {
  BinaryToTerm otp;
  std::size_t accepted = 0;
  std::size_t refused = 0;
  CHECK(rc::check([&] {
    for (int i = 0; i < 20; ++i) {
      const Bytes bytes = random_bytes();
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
  CHECK(accepted > 200);
  CHECK(refused > 200);
}

}  // namespace groot::ei_codec
