#include "cnode/dist/fragment_reader.hpp"

#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/control.hpp"
#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/operation.hpp"
#include "cpp_tests/dist/golden_file.hpp"
#include "cpp_tests/dist/wire.hpp"
#include "ei_codec/byte_writer.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

namespace {

constexpr std::uint64_t most = 0xffffffffffffffff;

Bytes fragment(std::uint8_t kind, std::uint64_t sequence, std::uint64_t id, const Bytes& part) {
  Bytes body;
  ei_codec::ByteWriter writer(body);
  writer.u8(131).u8(kind).u64(sequence).u64(id);
  if (kind == first_fragment) writer.u8(0);
  writer.bytes(part);
  return body;
}
Bytes first(std::uint64_t sequence, std::uint64_t id, const Bytes& part) {
  return fragment(first_fragment, sequence, id, part);
}
Bytes next(std::uint64_t sequence, std::uint64_t id, const Bytes& part) {
  return fragment(next_fragment, sequence, id, part);
}

// What the frame made whole; empty when there is more to come. The frame dies with the call.
Bytes read(FragmentReader& reader, const Bytes& body) {
  const auto copy = std::make_unique<Bytes>(body);
  const auto terms = reader.read(*copy);
  REQUIRE(terms);
  if (!terms->has_value()) return {};
  return {(*terms)->bytes.begin(), (*terms)->bytes.end()};
}

std::error_code failure(FragmentReader& reader, const Bytes& body) {
  const auto terms = reader.read(body);
  REQUIRE_FALSE(terms);
  return terms.error().code;
}

}  // namespace

TEST_CASE("a whole message is read in place") {
  FragmentReader reader;
  const Bytes body{131, whole_message, 0, 7, 8};
  const auto terms = reader.read(body);
  REQUIRE(terms);
  CHECK((*terms)->bytes.data() == body.data() + 3);
  CHECK((*terms)->bytes.size() == 2);
  CHECK((*terms)->buffer == nullptr);
  CHECK(read(reader, first(9, 1, {7, 8})) == Bytes{7, 8});
  CHECK(reader.unfinished() == 0);
}

TEST_CASE("fragments make a message, kept by whoever wants it") {
  FragmentReader reader;
  CHECK(read(reader, first(5, 4, {1, 2})).empty());
  CHECK(read(reader, next(5, 3, {3})).empty());
  CHECK(read(reader, next(5, 2, {})).empty());
  CHECK(reader.unfinished() == 1);
  CHECK(reader.unfinished_bytes() == 3);
  std::shared_ptr<const ei_codec::MessageBuffer> kept;
  {
    const Bytes last = next(5, 1, {4, 5});
    const auto terms = reader.read(last);
    REQUIRE(terms);
    kept = (*terms)->buffer;
    CHECK((*terms)->bytes.data() == kept->bytes().data());
  }
  CHECK(reader.unfinished() == 0);
  CHECK(reader.unfinished_bytes() == 0);
  CHECK(Bytes(kept->bytes().begin(), kept->bytes().end()) == Bytes{1, 2, 3, 4, 5});
  CHECK(kept.use_count() == 1);
  // The number may be used again: a BEAM's is that of the sender.
  CHECK(read(reader, first(5, 2, {9})).empty());
  CHECK(read(reader, next(5, 1, {8})) == Bytes{9, 8});
}

TEST_CASE("sequences take turns, and whole messages go between them") {
  FragmentReader reader;
  for (std::uint8_t id = 3; id > 0; --id) {
    for (const std::uint64_t sequence : {std::uint64_t{0}, std::uint64_t{7}, most}) {
      const auto tag = static_cast<std::uint8_t>(sequence);
      const Bytes part{tag, id};
      const Bytes made =
          read(reader, id == 3 ? first(sequence, id, part) : next(sequence, id, part));
      CHECK(made == (id == 1 ? Bytes{tag, 3, tag, 2, tag, 1} : Bytes{}));
      CHECK(read(reader, {131, whole_message, 0, id}) == Bytes{id});
    }
  }
  CHECK(reader.unfinished() == 0);
}

TEST_CASE("what a BEAM sends") {
  FragmentReader reader;
  const auto text = [](const Bytes& terms) {
    const auto frame = decode_terms(terms);
    REQUIRE(frame);
    REQUIRE(frame->message);
    return to_text(frame->control) + " " + std::to_string(frame->message->size() > 70'000);
  };
  CHECK(text(read(reader, golden::bytes("header_live_cast"))) ==
        "REG_SEND to 'Elixir.Groot.Storage' 0");
  CHECK(read(reader, golden::bytes("fragment_live_first")).empty());
  CHECK(text(read(reader, golden::bytes("fragment_live_last"))) ==
        "REG_SEND to 'Elixir.Groot.Storage' 1");
}

TEST_CASE("no strict prefix of a header is one") {
  for (const Bytes& body : {Bytes{131, whole_message, 0}, first(1, 2, {}), next(1, 1, {})}) {
    for (std::size_t size = 0; size < body.size(); ++size) {
      CAPTURE(size);
      FragmentReader reader;
      CHECK(read(reader, first(1, 2, {})).empty());
      CHECK(failure(reader, Bytes(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(
                                                                   size))) == dist_errc::bad_frame);
    }
  }
}

TEST_CASE("headers that our flags do not allow are refused") {
  for (const Bytes& body :
       {Bytes{112, 131, 104, 0}, Bytes{131, 104, 0}, Bytes{131, 80, 0, 0, 0, 1, 0},
        Bytes{130, whole_message, 0}, Bytes{131, 67, 0}, Bytes{131, 71, 0},
        Bytes{131, whole_message, 1, 8, 0, 1, 'a'}}) {
    FragmentReader reader;
    CHECK(failure(reader, body) == dist_errc::bad_frame);
  }
  FragmentReader reader;
  Bytes with_cached_atom = first(1, 2, {});
  with_cached_atom.back() = 1;
  CHECK(failure(reader, with_cached_atom) == dist_errc::bad_frame);
}

TEST_CASE("fragments out of order, twice or without a beginning are refused") {
  const std::vector<std::vector<Bytes>> streams{
      {next(1, 1, {1})},                                     // has not begun
      {first(1, 3, {1}), next(2, 2, {2})},                   // another has
      {first(1, 3, {1}), next(1, 3, {1})},                   // twice
      {first(1, 3, {1}), next(1, 1, {1})},                   // one is missing
      {first(1, 3, {1}), next(1, 4, {1})},                   // backwards
      {first(1, 3, {1}), first(1, 3, {1})},                  // begins twice
      {first(1, 3, {1}), first(1, 1, {1})},                  // the same, whole
      {first(1, 0, {1})},                                    // ends before it begins
      {first(1, 2, {1}), next(1, 0, {1})},                   //
      {first(1, 2, {1}), next(1, 1, {1}), next(1, 1, {1})},  // goes on behind its end
      {first(1, most, {1}), next(1, most, {1})},             //
  };
  for (const auto& stream : streams) {
    CAPTURE(&stream - streams.data());
    FragmentReader reader;
    for (std::size_t i = 0; i + 1 < stream.size(); ++i) (void)read(reader, stream[i]);
    CHECK(failure(reader, stream.back()) == dist_errc::bad_frame);
  }
}

TEST_CASE("unfinished messages of a link are limited, all of them together") {
  FragmentReader reader(sequences_max, 10);
  CHECK(read(reader, first(1, 2, Bytes(6, 0))).empty());
  CHECK(read(reader, first(2, 3, Bytes(4, 0))).empty());
  CHECK(read(reader, next(2, 2, {})).empty());
  FragmentReader over(sequences_max, 10);
  CHECK(read(over, first(1, 2, Bytes(6, 0))).empty());
  CHECK(failure(over, first(2, 3, Bytes(5, 0))) == dist_errc::frame_too_large);
  // What has become whole makes room. One that is whole at once needs none.
  FragmentReader again(sequences_max, 10);
  CHECK(read(again, first(1, 2, Bytes(6, 0))).empty());
  CHECK(read(again, next(1, 1, Bytes(4, 0))).size() == 10);
  CHECK(read(again, first(2, 2, Bytes(10, 0))).empty());
  CHECK(read(again, first(3, 1, Bytes(11, 0))).size() == 11);
  CHECK(failure(again, next(2, 1, {0})) == dist_errc::frame_too_large);
}

TEST_CASE("so is their number") {
  FragmentReader reader(3);
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    CHECK(read(reader, first(sequence, 2, {1})).empty());
  }
  CHECK(read(reader, next(2, 1, {1})).size() == 2);
  CHECK(read(reader, first(2, 2, {1})).empty());
  CHECK(failure(reader, first(4, 2, {1})) == dist_errc::sequences_full);
}

TEST_CASE("the number of fragments that is promised costs nothing") {
  FragmentReader reader;
  CHECK(read(reader, first(1, most, {1})).empty());
  CHECK(read(reader, next(1, most - 1, {2})).empty());
  CHECK(reader.unfinished_bytes() == 2);
}
