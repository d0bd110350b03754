#include "ei_codec/term_scan.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "ei_codec/canonical.hpp"
#include "ei_codec/codec_error.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_tags.hpp"
#include "golden_terms.hpp"

namespace groot::ei_codec {
namespace {

// Where the gate is stricter than binary_to_term of OTP 25, and why. It is never laxer.
const std::map<std::string, std::string> stricter{
    {"fun_size_more", "OTP does not look at the size field; one that lies breaks other readers"},
    {"fun_size_less", "the same"},
    {"fun_size_beyond", "the same"},
    {"fun_index_big", "the format knows SMALL_INTEGER_EXT and INTEGER_EXT there only"},
    {"fun_uniq_big", "the same"},
    {"export_int", "the format knows SMALL_INTEGER_EXT there only"},
    {"export_300", "no function has 300 arguments"},
    {"newer_ref_0", "a reference without words identifies nothing"},
    {"new_ref_0", "the same"},
    {"float_1.5e-400", "underflows; OTP never writes it"},
};

void check_refused(ByteView bytes, codec_errc code, const ScanLimits& limits = {}) {
  const auto scanned = scan_term(bytes, limits);
  REQUIRE_FALSE(scanned);
  CHECK(scanned.error().code == code);
}

// `levels` tuples of one element around nil.
Bytes nested_tuples(std::size_t levels) {
  Bytes bytes;
  bytes.reserve(2 * levels + 1);
  for (std::size_t i = 0; i < levels; ++i) {
    bytes.push_back(104);
    bytes.push_back(1);
  }
  bytes.push_back(106);
  return bytes;
}

// A tuple of `count` nils.
Bytes wide_tuple(std::uint32_t count) {
  Bytes bytes{105, static_cast<std::uint8_t>(count >> 24), static_cast<std::uint8_t>(count >> 16),
              static_cast<std::uint8_t>(count >> 8), static_cast<std::uint8_t>(count)};
  bytes.resize(5 + count, 106);
  return bytes;
}

// Nothing in so many lists.
Term nested_list(int levels) {
  return levels == 0 ? list({}) : list({nested_list(levels - 1)});
}

}  // namespace

TEST_CASE("scan: accepts and refuses what binary_to_term does, and uses as many bytes") {
  std::map<std::string, int> seen;
  for (const auto& line : golden::fields("verdicts.txt")) {
    const std::string& name = line.at(0);
    const Bytes bytes = line.at(1) == "." ? Bytes{} : golden::from_hex(line.at(1));
    const bool accepted = line.at(2) != "-";
    INFO(name, " ", line.at(1));
    const auto scanned = scan_term(bytes);
    const bool passed = scanned && check_unique_keys(*scanned);
    if (stricter.contains(name)) {
      ++seen[name];
      CHECK(accepted);
      CHECK_FALSE(passed);
      continue;
    }
    REQUIRE(passed == accepted);
    if (!accepted) continue;
    CHECK(std::to_string(scanned->size()) == line.at(2));
    // What OTP writes for the term that it read here is, to us, the same key and the same tree.
    const Bytes again = golden::from_hex(line.at(3));
    const auto rescanned = scan_whole_term(again);
    REQUIRE(rescanned);
    CHECK(*canonical(*scanned) == *canonical(*rescanned));
    CHECK(*decode_term(*scanned) == *decode_term(*rescanned));
  }
  CHECK(seen.size() == stricter.size());
}

TEST_CASE("scan: tags that binary_to_term takes elsewhere only, or nobody") {
  check_refused(Bytes{80, 0, 0, 0, 1, 106}, codec_errc::unknown_tag);  // compressed
  check_refused(Bytes{82, 0}, codec_errc::unknown_tag);                // atom cache reference
  check_refused(Bytes{121, 0, 0, 0, 0, 0, 0, 0, 0, 106}, codec_errc::unknown_tag);  // LOCAL_EXT
  check_refused(Bytes{104, 1, 131, 106}, codec_errc::unknown_tag);  // a second version
  check_refused(Bytes{117, 0, 0, 0, 0}, codec_errc::unknown_tag);   // FUN_EXT, before OTP 23
}

TEST_CASE("scan: a fun whose creator is no pid is refused: it crashes OTP 25") {
  Bytes fun = golden::from_hex(
      "70000000000100000000000000000000000000000000000000070000000077016d61016101");
  const Bytes pid = golden::from_hex("58770161000000010000000100000001");
  const Bytes name = golden::from_hex("770161");
  const auto with_creator = [&](const Bytes& creator) {
    Bytes bytes = fun;
    bytes.insert(bytes.end(), creator.begin(), creator.end());
    bytes[4] = static_cast<std::uint8_t>(bytes.size() - 1);
    return bytes;
  };
  CHECK(scan_whole_term(with_creator(pid)));
  check_refused(with_creator(name), codec_errc::bad_fun);
}

TEST_CASE("scan: the version byte") {
  CHECK(scan_versioned_term(Bytes{131, 97, 1})->size() == 2);
  CHECK(scan_versioned_term(Bytes{}).error().code == codec_errc::truncated);
  CHECK(scan_versioned_term(Bytes{131}).error().code == codec_errc::truncated);
  CHECK(scan_versioned_term(Bytes{130, 97, 1}).error().code == codec_errc::bad_version);
  CHECK(scan_versioned_term(Bytes{97, 1}).error().code == codec_errc::bad_version);
}

TEST_CASE("scan: depth, just below and just above") {
  const ScanLimits limits;
  CHECK(scan_whole_term(nested_tuples(limits.max_depth)));
  check_refused(nested_tuples(limits.max_depth + 1), codec_errc::too_deep);
  for (const std::size_t depth : {0U, 1U, 47U, 48U, 49U, 95U, 96U, 97U}) {  // the stack grows at 48
    CAPTURE(depth);
    const ScanLimits tight{.max_depth = depth};
    CHECK(scan_whole_term(nested_tuples(depth), tight));
    check_refused(nested_tuples(depth + 1), codec_errc::too_deep, tight);
  }
}

TEST_CASE("scan: 10 million nested tuples are refused without recursion") {
  check_refused(nested_tuples(10'000'000), codec_errc::too_deep);
  // Those that pass cost memory, no stack.
  const Bytes bytes = nested_tuples(ScanLimits{}.max_depth);
  const auto scanned = scan_whole_term(bytes);
  REQUIRE(scanned);
  CHECK(check_unique_keys(*scanned));
  CHECK(canonical(*scanned).error().code == codec_errc::too_deep);
  CHECK(decode_term(*scanned).error().code == codec_errc::too_deep);
}

TEST_CASE("scan: number of terms, just below and just above") {
  const ScanLimits limits{.max_terms = 11};
  CHECK(scan_whole_term(wide_tuple(10), limits));
  check_refused(wide_tuple(11), codec_errc::too_many_terms, limits);
}

TEST_CASE("scan: number of bytes, just below and just above") {
  const Bytes term = wide_tuple(10);  // 15 bytes
  CHECK(scan_whole_term(term, {.max_bytes = 15}));
  check_refused(term, codec_errc::too_large, {.max_bytes = 14});
  CHECK(scan_whole_term(term, {.max_bytes = 14}).error().code == codec_errc::too_large);
  // Bytes behind the term do not count.
  Bytes followed = term;
  followed.push_back(1);
  CHECK(scan_term(followed, {.max_bytes = 15})->size() == 15);
}

TEST_CASE("scan: a count that the bytes cannot hold is refused at once") {
  for (const int tag : {105, 108, 116}) {
    CAPTURE(tag);
    check_refused(Bytes{static_cast<std::uint8_t>(tag), 255, 255, 255, 255, 106, 106},
                  codec_errc::truncated);
  }
}

TEST_CASE("scan: an error says where") {
  CHECK(scan_term(Bytes{104, 2, 106, 0}).error().text() == "unknown tag: at byte 4");
}

TEST_CASE("scan: in a large map every pair is checked, however alike they are") {
  constexpr std::uint8_t pairs = 100;
  const auto value = [](int i) {
    return tuple(
        {atom("register"), i, binary(std::to_string(i * i * i)), list({atom("on"), atom("off")})});
  };
  const auto map_of = [&](const std::function<Term(int)>& value_at) {
    Bytes bytes{tag::map, 0, 0, 0, pairs};
    for (int i = 0; i < pairs; ++i) {
      encode_term(binary("key_" + std::to_string(i)), bytes);
      encode_term(value_at(i), bytes);
    }
    return bytes;
  };
  CHECK(scan_whole_term(map_of(value)));
  CHECK(scan_whole_term(map_of([&](int i) { return tuple({value(i), 1.5}); })));
  const Bytes bytes = map_of([](int i) { return tuple({atom("on"), i, binary("v")}); });
  REQUIRE(scan_whole_term(bytes));
  SUBCASE("cut off anywhere") {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      check_refused(ByteView(bytes).first(size), codec_errc::truncated);
    }
  }
  SUBCASE("what follows is left") {
    Bytes longer = bytes;
    longer.insert(longer.end(), bytes.begin(), bytes.end());
    CHECK(scan_term(longer)->size() == bytes.size());
  }
  SUBCASE("the number of terms") {
    // The map, and in each pair: the key, the tuple and its three.
    const std::size_t terms = 1 + 5 * pairs;
    CHECK(scan_term(bytes, ScanLimits{.max_terms = terms}));
    check_refused(bytes, codec_errc::too_many_terms, ScanLimits{.max_terms = terms - 1});
    check_refused(bytes, codec_errc::too_many_terms, ScanLimits{.max_terms = terms / 2});
  }
  SUBCASE("a name, a tag and an arity in the middle") {
    const auto at = [&](std::string_view what) {
      const auto found =
          std::search(bytes.begin() + std::ssize(bytes) / 2, bytes.end(), what.begin(), what.end());
      return found - bytes.begin();
    };
    Bytes wrong = bytes;
    wrong[static_cast<std::size_t>(at("on"))] = 0xff;
    check_refused(wrong, codec_errc::bad_atom);
    wrong = bytes;
    wrong[static_cast<std::size_t>(at("key") - 5)] = 0;
    check_refused(wrong, codec_errc::unknown_tag);
    wrong = bytes;
    wrong[static_cast<std::size_t>(at("on") - 3)] = 4;  // the tuple takes the next key as well
    check_refused(wrong, codec_errc::truncated);
  }
  SUBCASE("maps behind it are their own") {
    constexpr std::uint8_t behind = 40;
    Bytes all{tag::small_tuple, 1 + behind};
    all.insert(all.end(), bytes.begin(), bytes.end());
    for (int i = 0; i < behind; ++i) encode_term(map({{atom("on"), i}}), all);
    CHECK(scan_whole_term(all));
    all.pop_back();
    check_refused(all, codec_errc::truncated);
  }
  SUBCASE("a fun ends where it says") {
    const auto map_of_funs = [](std::string_view held_by_last) {
      Bytes funs{tag::map, 0, 0, 0, pairs};
      for (std::uint8_t i = 0; i < pairs; ++i) {
        encode_term(i, funs);
        const std::size_t begin = funs.size();
        funs.resize(begin + 30);  // the head; of the fields only the size and the last count here
        funs[begin] = tag::new_fun;
        funs[begin + 29] = 1;  // free variable
        encode_term(atom("module"), funs);
        encode_term(1, funs);
        encode_term(2, funs);
        encode_term(Pid{Atom{"a@b"}, 1, 0, 1}, funs);
        encode_term(binary("free"), funs);
        funs[begin + 4] = static_cast<std::uint8_t>(funs.size() - begin - 1);
        if (i + 1 < pairs) continue;
        funs.resize(funs.size() - 9);
        encode_term(binary(held_by_last), funs);
      }
      return funs;
    };
    CHECK(scan_whole_term(map_of_funs("last")));
    check_refused(map_of_funs("longer"), codec_errc::bad_fun);
  }
  SUBCASE("another shape now and then, and another each time") {
    for (const int every : {1, 2, 7, 50}) {
      CAPTURE(every);
      Bytes mixed = map_of([&](int i) { return i % every == 0 ? nested_list(i % 5) : value(i); });
      CHECK(scan_whole_term(mixed));
      mixed.pop_back();
      check_refused(mixed, codec_errc::truncated);
    }
  }
}

TEST_CASE("scan: a fun inside a fun ends where it says") {
  for (const auto& term : golden::terms()) {
    if (term.name != "fun_nested") continue;
    Bytes bytes = term.otp26;
    CHECK(scan_whole_term(bytes));
    ++bytes[4];  // the outer size
    bytes.push_back(106);
    check_refused(bytes, codec_errc::bad_fun);
  }
}

}  // namespace groot::ei_codec
