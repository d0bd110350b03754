// The reader against ei, on the same bytes.
#include "ei_codec/term_reader.hpp"

#include <vector>

#include <doctest/doctest.h>
#include <ei.h>

#include "ei_codec/term_tags.hpp"
#include "golden_terms.hpp"

namespace groot::ei_codec {
namespace {

// What ei says of the term at the start of `bytes`, which have passed the gate.
class Ei {
 public:
  explicit Ei(ByteView bytes) : data_(reinterpret_cast<const char*>(bytes.data())) {}

  std::optional<std::int64_t> int64() const {
    int at = 0;
    long long value = 0;
    if (ei_decode_longlong(data_, &at, &value) != 0) return std::nullopt;
    return value;
  }
  std::optional<std::uint64_t> uint64() const {
    int at = 0;
    unsigned long long value = 0;
    if (ei_decode_ulonglong(data_, &at, &value) != 0) return std::nullopt;
    return value;
  }
  std::optional<std::string> atom() const {
    int at = 0;
    char name[MAXATOMLEN_UTF8];
    if (ei_decode_atom_as(data_, &at, name, sizeof name, ERLANG_UTF8, nullptr, nullptr) != 0) {
      return std::nullopt;
    }
    return std::string(name);
  }
  std::optional<std::uint32_t> tuple() const { return count(ei_decode_tuple_header); }
  std::optional<std::uint32_t> map() const { return count(ei_decode_map_header); }
  std::optional<std::uint32_t> list() const { return count(ei_decode_list_header); }
  std::optional<Bytes> binary() const {
    const auto [type, size] = type_and_size();
    if (type != ERL_BINARY_EXT) return std::nullopt;
    Bytes bytes(static_cast<std::size_t>(size) + 1);
    int at = 0;
    long length = 0;
    if (ei_decode_binary(data_, &at, bytes.data(), &length) != 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(length));
    return bytes;
  }
  std::optional<Bytes> string() const {
    const auto [type, size] = type_and_size();
    if (type != ERL_STRING_EXT) return std::nullopt;
    Bytes bytes(static_cast<std::size_t>(size) + 1);
    int at = 0;
    if (ei_decode_string(data_, &at, reinterpret_cast<char*>(bytes.data())) != 0) {
      return std::nullopt;
    }
    bytes.pop_back();
    return bytes;
  }
  std::size_t term_size() const {
    int at = 0;
    REQUIRE(ei_skip_term(data_, &at) == 0);
    return static_cast<std::size_t>(at);
  }
  TermKind kind() const {
    switch (type_and_size().first) {
      case ERL_SMALL_INTEGER_EXT:
      case ERL_INTEGER_EXT:
      case ERL_SMALL_BIG_EXT:
      case ERL_LARGE_BIG_EXT:
        return TermKind::integer;
      case ERL_FLOAT_EXT:
      case NEW_FLOAT_EXT:
        return TermKind::floating;
      case ERL_ATOM_EXT:
        return TermKind::atom;
      case ERL_PID_EXT:
      case ERL_NEW_PID_EXT:
        return TermKind::pid;
      case ERL_PORT_EXT:
      case ERL_NEW_PORT_EXT:
      case ERL_V4_PORT_EXT:
        return TermKind::port;
      case ERL_REFERENCE_EXT:
      case ERL_NEW_REFERENCE_EXT:
      case ERL_NEWER_REFERENCE_EXT:
        return TermKind::reference;
      case ERL_SMALL_TUPLE_EXT:
      case ERL_LARGE_TUPLE_EXT:
        return TermKind::tuple;
      case ERL_NIL_EXT:
        return TermKind::nil;
      case ERL_LIST_EXT:
        return TermKind::list;
      case ERL_STRING_EXT:
        return TermKind::string;
      case ERL_BINARY_EXT:
        return TermKind::binary;
      case ERL_BIT_BINARY_EXT:
        return TermKind::bit_string;
      case ERL_MAP_EXT:
        return TermKind::map;
      case ERL_NEW_FUN_EXT:
      case ERL_EXPORT_EXT:
        return TermKind::fun;
      default:
        FAIL("a type that ei does not know");
        return TermKind::nil;
    }
  }

 private:
  std::pair<int, int> type_and_size() const {
    int at = 0;
    int type = 0;
    int size = 0;
    REQUIRE(ei_get_type(data_, &at, &type, &size) == 0);
    return {type, size};
  }
  template <class Decode>
  std::optional<std::uint32_t> count(Decode decode) const {
    int at = 0;
    int arity = 0;
    if (decode(data_, &at, &arity) != 0) return std::nullopt;
    return static_cast<std::uint32_t>(arity);
  }
  const char* data_;
};

// A fresh reader at the same bytes for each question.
struct Fresh {
  ByteView bytes;
  TermReader operator()() const { return TermReader(ScannedTerm::trusted(bytes)); }
};

// Runs `take` on a reader; one that returns nothing must not have moved.
template <class Take>
auto taken(const Fresh& fresh, Take take) {
  TermReader reader = fresh();
  const auto result = take(reader);
  if (!result) CHECK(reader.take_term().size() == fresh().take_term().size());
  return result;
}

std::optional<Bytes> copy(std::optional<ByteView> view) {
  if (!view) return std::nullopt;
  return Bytes(view->begin(), view->end());
}

// Where ei differs: it takes a bit binary of whole bytes for bits, the empty STRING_EXT for no
// list, refuses -0 as unsigned, and its atoms end at a zero byte.
void compare(ByteView bytes) {
  const Fresh fresh{bytes};
  const Ei ei(bytes);
  const bool whole_bits = bytes[0] == tag::bit_binary && bytes[5] % 8 == 0;
  CHECK(fresh().kind() == (whole_bits ? TermKind::binary : ei.kind()));
  CHECK(fresh().take_term().size() == ei.term_size());
  CHECK(taken(fresh, [](TermReader& r) { return r.take_int64(); }) == ei.int64());
  const bool zero = fresh().take_int64() == 0;
  CHECK(taken(fresh, [](TermReader& r) { return r.take_uint64(); }) ==
        (zero ? std::optional<std::uint64_t>(0) : ei.uint64()));
  CHECK(taken(fresh, [](TermReader& r) { return r.take_tuple(); }) == ei.tuple());
  CHECK(taken(fresh, [](TermReader& r) { return r.take_map(); }) == ei.map());
  if (!whole_bits) {
    CHECK(copy(taken(fresh, [](TermReader& r) { return r.take_binary(); })) == ei.binary());
  }
  CHECK(copy(taken(fresh, [](TermReader& r) { return r.take_string(); })) == ei.string());
  // ei reads [] as a list of none; here that is take_nil.
  const auto list = taken(fresh, [](TermReader& r) { return r.take_list(); });
  const bool empty_string = bytes[0] == tag::string && ei.string()->empty();
  CHECK(fresh().take_nil() == (empty_string || bytes[0] == tag::nil));
  CHECK((bytes[0] == tag::nil ? std::optional<std::uint32_t>(0) : list) == ei.list());

  const auto name = taken(fresh, [](TermReader& r) { return r.take_any_atom(); });
  CHECK((name ? std::optional(name->substr(0, name->find('\0'))) : name) == ei.atom());
  if (!name) {
    CHECK_FALSE(fresh().take_atom("a"));
    CHECK_FALSE(fresh().take_atom(""));
    return;
  }
  TermReader reader = fresh();
  CHECK_FALSE(reader.take_atom(*name + "x"));
  CHECK_FALSE(reader.take_atom("another"));
  CHECK(reader.take_atom(*name));
  CHECK(reader.done() == (bytes.size() == ei.term_size()));
}

// The term, and every term inside it.
void compare_all(ByteView bytes) {
  compare(bytes);
  TermReader reader(ScannedTerm::trusted(bytes));
  std::uint64_t inside = 0;
  if (const auto arity = reader.take_tuple()) inside = *arity;
  if (const auto pairs = reader.take_map()) inside = 2 * std::uint64_t{*pairs};
  if (const auto count = reader.take_list()) inside = std::uint64_t{*count} + 1;
  for (; inside > 0; --inside) compare_all(reader.take_term().bytes());
}

TermReader reader_of(const Bytes& bytes) {
  return TermReader(*scan_whole_term(bytes));
}

}  // namespace

TEST_CASE("reader: equal to ei on what OTP writes") {
  for (const auto& term : golden::terms()) {
    CAPTURE(term.name);
    compare_all(term.otp25);
    compare_all(term.otp26);
  }
}

TEST_CASE("reader: equal to ei on unusual encodings") {
  int compared = 0;
  for (const auto& line : golden::fields("verdicts.txt")) {
    if (line.at(2) == "-") continue;
    const Bytes bytes = golden::from_hex(line.at(1));
    const auto scanned = scan_term(bytes);
    if (!scanned || !check_unique_keys(*scanned)) continue;
    INFO(line.at(0), " ", line.at(1));
    compare_all(scanned->bytes());
    ++compared;
  }
  CHECK(compared > 500);
}

TEST_CASE("reader: integers at the edges of their types, in every width") {
  const auto int64 = [](std::string_view hex) {
    return reader_of(golden::from_hex(hex)).take_int64();
  };
  const auto uint64 = [](std::string_view hex) {
    return reader_of(golden::from_hex(hex)).take_uint64();
  };
  CHECK(int64("61ff") == 255);
  CHECK(int64("62ffffffff") == -1);
  CHECK(int64("6e0800ffffffffffffff7f") == INT64_MAX);
  CHECK_FALSE(int64("6e08000000000000000080"));
  CHECK(int64("6e08010000000000000080") == INT64_MIN);
  CHECK_FALSE(int64("6e08010100000000000080"));
  CHECK(int64("6e0a0105000000000000000000") == -5);
  CHECK(uint64("6e0800ffffffffffffffff") == UINT64_MAX);
  CHECK_FALSE(uint64("6e0900000000000000000001"));
  CHECK_FALSE(uint64("62ffffffff"));
  CHECK_FALSE(uint64("6e010101"));
  CHECK(uint64("6e010100") == 0U);  // minus zero
  CHECK(uint64("6f0000000100"
               "07") == 7U);
}

TEST_CASE("reader: walks a register without copying") {
  for (const auto& term : golden::terms()) {
    if (term.name != "register") continue;
    for (const Bytes& bytes : {term.otp25, term.otp26}) {
      TermReader reader(*scan_whole_term(bytes));
      REQUIRE(reader.take_map() == 3U);
      bool seen_key = false;
      for (int i = 0; i < 3; ++i) {
        if (reader.take_atom("key")) {
          REQUIRE(reader.take_tuple() == 2U);
          CHECK(reader.take_atom("user"));
          CHECK(reader.take_int64() == 42);
          seen_key = true;
        } else {
          CHECK(reader.take_any_atom());
          const ByteView whole = reader.take_term().bytes();
          CHECK(whole.data() > bytes.data());
          CHECK(whole.data() + whole.size() <= bytes.data() + bytes.size());
        }
      }
      CHECK(seen_key);
      CHECK(reader.done());
      CHECK_FALSE(reader.take_atom(""));
      CHECK_FALSE(reader.take_int64());
      CHECK_FALSE(reader.take_nil());
    }
  }
}

TEST_CASE("reader: a bit binary of whole bytes is a binary") {
  CHECK(copy(reader_of({77, 0, 0, 0, 2, 8, 1, 2}).take_binary()) == Bytes{1, 2});
  CHECK(copy(reader_of({77, 0, 0, 0, 0, 0}).take_binary()) == Bytes{});
  CHECK_FALSE(reader_of({77, 0, 0, 0, 1, 7, 2}).take_binary());
}

TEST_CASE("reader: an empty name is an atom like any other") {
  CHECK(reader_of({119, 0}).take_atom(""));
  CHECK(reader_of({100, 0, 0}).take_atom(""));
  CHECK_FALSE(reader_of({119, 0}).take_atom("a"));
  CHECK(reader_of({119, 0}).take_any_atom() == "");
}

}  // namespace groot::ei_codec
