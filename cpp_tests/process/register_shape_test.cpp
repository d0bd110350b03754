// The reader for one sender's registers against the general one, on the same bytes.
#include "cnode/process/register_shape.hpp"

#include <memory>

#include "cnode/process/term_append.hpp"
#include "ei_codec/term_encode.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using store::RegisterKind;

struct Fields {
  Bytes key = encoded("<<\"k\">>");
  Bytes value = encoded("v");
  Bytes counter = encoded("3");
  Bytes node_id = encoded("18364758544493064720");
  Bytes time = encoded("1700000000000");
};

// As a BEAM writes it; `old_atoms`: in the encoding of OTP 25.
Bytes beam_register(const Fields& fields, bool old_atoms = false) {
  Bytes bytes;
  const auto add = [&](std::string_view name) {
    if (!old_atoms) return append_atom(bytes, name);
    append_bytes(bytes, Bytes{100, 0, static_cast<std::uint8_t>(name.size())});
    bytes.insert(bytes.end(), name.begin(), name.end());
  };
  append_map(bytes, 3);
  add("hlc");
  append_map(bytes, 4);
  add("__struct__");
  add("Elixir.HLClock.Timestamp");
  add("counter");
  append_bytes(bytes, fields.counter);
  add("node_id");
  append_bytes(bytes, fields.node_id);
  add("time");
  append_bytes(bytes, fields.time);
  add("key");
  append_bytes(bytes, fields.key);
  add("value");
  append_bytes(bytes, fields.value);
  return bytes;
}

struct Outcome {
  bool read = false;
  store::RegisterView view;
  std::shared_ptr<Bytes> scratch = std::make_shared<Bytes>();
  std::size_t left = 0;
};

Outcome by_shape(const RegisterShape& shape, ByteView outer, ByteView reg) {
  Outcome outcome;
  TermReader outer_reader(ScannedTerm::trusted(outer));
  const auto key = outer_reader.take_outlined();
  TermReader reader(ScannedTerm::trusted(reg));
  outcome.read = shape.read(reader, key, outcome.view, *outcome.scratch);
  outcome.left = reader.left();
  return outcome;
}

// What by_shape may say of these bytes: what read_register says, or nothing.
void agrees(const RegisterShape& shape, ByteView outer, const Bytes& reg, bool must_read) {
  const auto fast = by_shape(shape, outer, reg);
  CHECK(fast.read == must_read);
  TermReader reader(ScannedTerm::trusted(reg));
  Bytes scratch;
  const auto general = read_register(reader, scratch);
  if (!fast.read) {
    CHECK(fast.left == reg.size());
    return;
  }
  REQUIRE(general);
  CHECK(fast.left == reader.left());
  CHECK(ei_codec::same_bytes(fast.view.key, general->key));
  CHECK(ei_codec::same_bytes(fast.view.value, general->value));
  CHECK(fast.view.stamp == general->stamp);
  CHECK(fast.view.kind == general->kind);
  CHECK(fast.view.expires_at_ms == general->expires_at_ms);
}

RegisterShape learned_from(const Bytes& reg) {
  RegisterShape shape;
  shape.learn(ScannedTerm::trusted(reg));
  return shape;
}

TEST_CASE("what one sender writes alike is read alike, in either encoding of atoms") {
  for (const bool old_atoms : {false, true}) {
    const RegisterShape shape = learned_from(beam_register({}, old_atoms));
    for (const std::string_view key :
         {"<<\"k\">>", "k", "1", "1.0", "256", "-1", "12345678901234567890", "{session,7}",
          "{a,{b,<<\"c\">>}}", "[]", "[1,2]", "#{a => 1}", "{#{a => [x]}}"}) {
      for (const std::string_view value : {"v", "nil", "[1,2]", "#{a => #{b => 1}}", "<<1:3>>"}) {
        Fields fields;
        fields.key = encoded(key);
        fields.value = encoded(value);
        CAPTURE(key);
        CAPTURE(value);
        agrees(shape, fields.key, beam_register(fields, old_atoms), true);
      }
    }
  }
}

TEST_CASE("a key in another encoding is made canonical, whatever stands before the register") {
  const RegisterShape shape = learned_from(beam_register({}));
  const Bytes canonical = encoded("k");
  for (const Bytes& written :
       {Bytes{100, 0, 1, 'k'}, Bytes{98, 0, 0, 0, 5}, Bytes{110, 1, 0, 5},
        Bytes{104, 1, 98, 0, 0, 0, 5}, Bytes{105, 0, 0, 0, 1, 97, 5}, encoded("{a}")}) {
    Fields fields;
    fields.key = written;
    agrees(shape, written, beam_register(fields), true);
    agrees(shape, canonical, beam_register(fields), true);
  }
  // Too deep to be judged in passing.
  Bytes deep;
  for (int i = 0; i < 20; ++i) append_bytes(deep, Bytes{104, 1});
  append_bytes(deep, canonical);
  Fields fields;
  fields.key = deep;
  agrees(shape, deep, beam_register(fields), true);
}

TEST_CASE("whatever differs is left to the general reader") {
  const RegisterShape shape = learned_from(beam_register({}));
  const Bytes key = Fields{}.key;
  agrees(shape, key, beam_register({}, true), false);
  const auto with = [](auto change) {
    Fields fields;
    change(fields);
    return beam_register(fields);
  };
  for (const std::string_view number : {"-1", "a", "1.0", "65536", "18446744073709551616"}) {
    agrees(shape, key, with([&](Fields& f) { f.counter = encoded(number); }), false);
  }
  agrees(shape, key, with([](Fields& f) { f.node_id = encoded("18446744073709551616"); }), false);
  agrees(shape, key, with([](Fields& f) { f.time = encoded("9007199254740993"); }), false);
  // A BEAM drops a link over a map that holds a key twice.
  const Bytes twice{116, 0, 0, 0, 2, 97, 1, 97, 2, 97, 1, 97, 3};
  agrees(shape, key, with([&](Fields& f) { f.value = twice; }), false);
  agrees(shape, key, with([&](Fields& f) {
           f.value = {104, 1};
           append_bytes(f.value, twice);
         }),
         false);
  agrees(shape, twice, with([&](Fields& f) { f.key = twice; }), false);
  // A tombstone, and bytes that only begin alike.
  Bytes tombstone;
  append_register(
      *store::Register::make(
          {key, encoded("nil"), {1'700'000'000'000, 3, 7}, RegisterKind::tombstone, std::nullopt}),
      tombstone);
  agrees(shape, key, tombstone, false);
  for (const std::string_view other : {"1", "#{}", "#{hlc => 1}", "v"}) {
    agrees(shape, key, encoded(other), false);
  }
}

TEST_CASE("a register of another make teaches nothing") {
  Bytes tombstone;
  append_register(*store::Register::make({encoded("k"),
                                          encoded("nil"),
                                          {1'700'000'000'000, 3, 7},
                                          RegisterKind::tombstone,
                                          std::nullopt}),
                  tombstone);
  RegisterShape shape;
  CHECK_FALSE(by_shape(shape, encoded("k"), beam_register({})).read);
  shape.learn(ScannedTerm::trusted(tombstone));
  CHECK_FALSE(by_shape(shape, encoded("k"), tombstone).read);
  const Bytes usual = beam_register({});
  shape.learn(ScannedTerm::trusted(usual));
  shape.learn(ScannedTerm::trusted(tombstone));
  CHECK(by_shape(shape, Fields{}.key, usual).read);
}

}  // namespace
}  // namespace groot::process
