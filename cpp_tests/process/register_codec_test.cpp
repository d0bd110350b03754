#include "cnode/process/register_codec.hpp"

#include "cnode/process/process_error.hpp"
#include "cnode/process/term_append.hpp"
#include "ei_codec/term_encode.hpp"
#include "script.hpp"
#include "store/limits.hpp"

namespace groot::process {
namespace {

using namespace testing;
using store::RegisterKind;

// term_to_binary(#{key => k, value => [1,2], hlc => #{...}}) of OTP 25, without the 131.
const std::string_view otp25 =
    "7400000003640003686C63740000000464000A5F5F7374727563745F5F640018456C697869722E484C436C6F636B"
    "2E54696D657374616D70640007636F756E74657261036400076E6F64655F69646E08001032547698BADCFE640004"
    "74696D656E06000068E5CF8B016400036B65796400016B64000576616C75656B00020102";

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

struct Read {
  Result<store::RegisterView> view;
  std::shared_ptr<Bytes> key;
  bool done;
};
Read read(ByteView bytes) {
  auto key = std::make_shared<Bytes>();
  TermReader reader(ScannedTerm::trusted(bytes));
  auto view = read_register(reader, *key);
  return {std::move(view), key, reader.done()};
}

store::RegisterPtr make(std::string_view key, std::string_view value, RegisterKind kind,
                        std::optional<std::int64_t> expires = std::nullopt) {
  return store::Register::make(
      {encoded(key), encoded(value), {1'700'000'000'000, 3, 0xfedc'ba98'7654'3210}, kind, expires});
}

TEST_CASE("what OTP writes, in full, cut and with bytes behind it") {
  const Bytes golden = from_hex(otp25);
  const auto all = read(golden);
  REQUIRE(all.view);
  CHECK(all.done);
  CHECK(text(all.view->key) == "k");
  CHECK(text(all.view->value) == "[1,2]");
  CHECK(all.view->stamp == store::Timestamp{1'700'000'000'000, 3, 0xfedc'ba98'7654'3210});
  CHECK(all.view->kind == RegisterKind::value);
  CHECK_FALSE(all.view->expires_at_ms);
  // The gate stands before the reader: no strict prefix passes it.
  for (std::size_t size = 0; size < golden.size(); ++size) {
    CHECK_FALSE(ei_codec::scan_term(ByteView(golden).first(size)));
  }
  Bytes more = golden;
  append_atom(more, "next");
  const auto first = read(more);
  REQUIRE(first.view);
  CHECK_FALSE(first.done);
  CHECK(text(first.view->value) == "[1,2]");
}

TEST_CASE("what is written is read back: values, tombstones, deadlines") {
  for (const auto& reg : {make("<<\"k\">>", "#{a => [1.5,<<1:3>>]}", RegisterKind::value),
                          make("{a,1}", "nil", RegisterKind::tombstone),
                          make("k", "v", RegisterKind::value, 1'700'000'600'000)}) {
    Bytes bytes;
    append_register(*reg, bytes);
    CHECK(bytes.size() <= register_bytes_max(*reg));
    REQUIRE(ei_codec::scan_whole_term(bytes));
    const auto back = read(bytes);
    REQUIRE(back.view);
    CHECK(back.done);
    CHECK(ei_codec::same_bytes(back.view->key, reg->key()));
    CHECK(ei_codec::same_bytes(back.view->value, reg->value()));
    CHECK(back.view->stamp == reg->stamp());
    CHECK(back.view->kind == reg->kind());
    CHECK(back.view->expires_at_ms == reg->expires_at_ms());
  }
}

TEST_CASE("the extra pair counts only beside the stamp that it repeats, and in the shape it has") {
  const auto kind_with = [](std::string_view extra) {
    const std::string hlc = text(stamp_term(5, 6, 7));
    const Bytes bytes = encoded("#{key => k, value => nil, hlc => " + hlc +
                                ", 'Elixir.Groot.Cpp' => " + std::string(extra) + "}");
    const auto all = read(bytes);
    REQUIRE_MESSAGE(all.view, extra);
    CHECK(all.done);
    return all.view->kind == RegisterKind::tombstone ? std::string("deleted")
           : all.view->expires_at_ms ? "expires " + std::to_string(*all.view->expires_at_ms)
                                     : std::string("value");
  };
  CHECK(kind_with("{5,6,7,deleted}") == "deleted");
  CHECK(kind_with("{5,6,7,{expires,99}}") == "expires 99");
  CHECK(kind_with("{5,6,7,{expires,9007199254740992}}") == "expires 9007199254740992");
  for (const std::string_view other :
       {"{5,6,8,deleted}", "{5,7,7,deleted}", "{4,6,7,{expires,99}}", "{5,6,7}", "deleted",
        "{5,6,7,kept}", "{5,6,7,{expires,never}}", "{5,6,7,{expires,-1}}",
        "{5,6,7,{expires,9007199254740993}}", "{a,6,7,deleted}", "{5,65536,7,deleted}"}) {
    CHECK(kind_with(other) == "value");
  }
}

TEST_CASE("pairs in any order, unknown pairs of any kind are skipped") {
  const std::string hlc = text(stamp_term(5, 6, 7));
  const Bytes bytes = encoded("#{<<\"x\">> => [1], value => v, other => #{a => b}, hlc => " + hlc +
                              ", {1} => 2, key => k}");
  const auto all = read(bytes);
  REQUIRE(all.view);
  CHECK(all.done);
  CHECK(text(all.view->key) == "k");
  CHECK(text(all.view->value) == "v");
}

TEST_CASE("keys are canonical, copied only where they have to be") {
  const auto key_of = [](ByteView key) {
    Bytes bytes;
    append_map(bytes, 3);
    append_atom(bytes, "hlc");
    encode_term(stamp_term(1, 2, 3), bytes);
    append_atom(bytes, "key");
    append_bytes(bytes, key);
    append_atom(bytes, "value");
    append_atom(bytes, "v");
    const auto all = read(bytes);
    REQUIRE(all.view);
    const bool in_place =
        all.view->key.data() >= bytes.data() && all.view->key.data() < bytes.data() + bytes.size();
    return std::pair(Bytes(all.view->key.begin(), all.view->key.end()), in_place);
  };
  const Bytes canonical_atom = encoded("k");
  CHECK(key_of(canonical_atom) == std::pair(canonical_atom, true));
  CHECK(key_of(Bytes{100, 0, 1, 'k'}) == std::pair(canonical_atom, false));
  CHECK(key_of(encoded("<<\"b\">>")) == std::pair(encoded("<<\"b\">>"), true));
  CHECK(key_of(Bytes{97, 5}) == std::pair(Bytes{97, 5}, true));
  CHECK(key_of(Bytes{98, 0, 0, 0, 5}) == std::pair(Bytes{97, 5}, false));
  CHECK(key_of(Bytes{110, 1, 0, 5}) == std::pair(Bytes{97, 5}, false));
  CHECK(key_of(Bytes{104, 1, 98, 0, 0, 0, 5}) == std::pair(Bytes{104, 1, 97, 5}, false));
}

TEST_CASE("malformed registers are refused with a reason") {
  const std::string hlc = text(stamp_term(5, 6, 7));
  for (const std::string& bad :
       {std::string("1"), std::string("{}"), std::string("#{}"), "#{key => k, hlc => " + hlc + "}",
        "#{value => k, hlc => " + hlc + "}", std::string("#{key => k, value => v}"),
        std::string("#{key => k, value => v, hlc => 1}"),
        "#{<<\"key\">> => k, value => v, hlc => " + hlc + "}"}) {
    const Bytes bytes = encoded(bad);
    const auto refused = read(bytes);
    REQUIRE_MESSAGE(!refused.view, bad);
    CHECK_FALSE(refused.view.error().text().empty());
  }
  // A value or key that a BEAM would drop the link over: a map that holds one key twice.
  const Bytes twice{116, 0, 0, 0, 2, 97, 1, 97, 2, 97, 1, 97, 3};
  for (const bool in_key : {false, true}) {
    Bytes bytes;
    append_map(bytes, 3);
    append_atom(bytes, "hlc");
    encode_term(stamp_term(1, 2, 3), bytes);
    append_atom(bytes, "key");
    append_bytes(bytes, in_key ? twice : encoded("k"));
    append_atom(bytes, "value");
    append_bytes(bytes, in_key ? encoded("v") : twice);
    CHECK_FALSE(read(bytes).view);
  }
  // The same field twice.
  for (const std::string_view field : {"key", "value", "hlc"}) {
    Bytes bytes;
    append_map(bytes, 4);
    for (const std::string_view name :
         {std::string_view("hlc"), std::string_view("key"), std::string_view("value"), field}) {
      append_atom(bytes, name);
      encode_term(name == "hlc" ? stamp_term(1, 2, 3) : ei_codec::atom("x"), bytes);
    }
    CHECK_FALSE(read(bytes).view);
  }
}

TEST_CASE("keys up to the limit") {
  Bytes scratch;
  const Bytes fits = encode_term(ei_codec::Binary(Bytes(store::key_bytes_max - 5)));
  REQUIRE(fits.size() == store::key_bytes_max);
  CHECK(canonical_key(ScannedTerm::trusted(fits), scratch));
  const Bytes above = encode_term(ei_codec::Binary(Bytes(store::key_bytes_max - 4)));
  CHECK_FALSE(canonical_key(ScannedTerm::trusted(above), scratch));
}

TEST_CASE("messages") {
  const auto a = make("a", "1", RegisterKind::value);
  const auto b = make("b", "nil", RegisterKind::tombstone);
  CHECK(decoded(whole(encode_update(a))) ==
        ei_codec::tuple(
            {ei_codec::atom("$gen_cast"),
             ei_codec::tuple({ei_codec::atom("update_register"),
                              ei_codec::map({{erl("key"), erl("a")},
                                             {erl("value"), erl("1")},
                                             {erl("hlc"), stamp_term(1'700'000'000'000, 3,
                                                                     0xfedc'ba98'7654'3210)}})})}));
  const Term many = decoded(whole(encode_updates(std::vector{a, b})));
  const auto* cast = many.get_if<ei_codec::Tuple>();
  REQUIRE(cast);
  const auto* updates = cast->elements.at(1).get_if<ei_codec::Tuple>();
  REQUIRE(updates);
  CHECK(updates->elements.at(0).is_atom("update_registers"));
  const auto* map = updates->elements.at(1).get_if<ei_codec::Map>();
  REQUIRE(map);
  CHECK(map->pairs.size() == 2);
  CHECK(map->find(erl("b"))->get_if<ei_codec::Map>()->find(erl("'Elixir.Groot.Cpp'")));
  CHECK(text(whole(encode_updates({}))) == "{'$gen_cast',{update_registers,#{}}}");
}

}  // namespace
}  // namespace groot::process
