#include "cnode/process/term_append.hpp"

#include <limits>

#include "ei_codec/term_encode.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

TEST_CASE("appended terms are the ones that ei writes") {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{255}, std::uint64_t{256}, std::uint64_t{0x7fff'ffff},
        std::uint64_t{0x8000'0000}, std::uint64_t{1'700'000'000'000},
        std::numeric_limits<std::uint64_t>::max()}) {
    Bytes out;
    append_unsigned(out, value);
    CHECK(decoded(out) == ei_codec::unsigned_integer(value));
    CHECK(out == encode_term(ei_codec::unsigned_integer(value)));
  }
  Bytes out;
  append_tuple(out, 3);
  append_atom(out, "deleted");
  append_binary(out, "text");
  append_map(out, 1);
  append_nil(out);
  append_list(out, 1);
  append_atom(out, "");
  append_nil(out);
  CHECK(text(out) == "{deleted,<<\"text\">>,#{[] => ['']}}");
}

TEST_CASE("an atom has up to 255 characters, which may be four bytes each") {
  for (const std::string_view character : {"e", "\u20ac", "\U0001f600"}) {
    for (const std::size_t count : {63U, 64U, 85U, 86U, 255U}) {
      std::string name;
      for (std::size_t i = 0; i < count; ++i) name += character;
      Bytes out;
      append_atom(out, name);
      CHECK(out == encode_term(ei_codec::atom(name)));
    }
  }
}

}  // namespace
}  // namespace groot::process
