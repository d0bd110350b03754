#include "cnode/dist/fragment_writer.hpp"

#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/fragment_reader.hpp"
#include "cnode/dist/limits.hpp"
#include "cpp_tests/dist/golden_file.hpp"
#include "cpp_tests/dist/wire.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

namespace {

SharedBytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 / 5);
  return std::make_shared<const Bytes>(std::move(bytes));
}

// The frames of the stream, without their lengths.
std::vector<Bytes> frames(const std::vector<OutputChunk>& chunks) {
  const Bytes stream = joined(chunks);
  std::vector<Bytes> found;
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t length = std::size_t{stream[at]} << 24 | std::size_t{stream[at + 1]} << 16 |
                               std::size_t{stream[at + 2]} << 8 | stream[at + 3];
    at += 4;
    REQUIRE(length <= stream.size() - at);
    const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at);
    found.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(length));
    at += length;
  }
  return found;
}

std::vector<Bytes> written(FragmentWriter writer) {
  OutputChunks out;
  while (!writer.done()) writer.write(out);
  CHECK(writer.bytes_left() == 0);
  return frames(out.take());
}

Bytes read_back(const std::vector<Bytes>& bodies) {
  FragmentReader reader;
  for (const Bytes& body : bodies) {
    const auto terms = reader.read(body);
    REQUIRE(terms);
    REQUIRE(terms->has_value() == (&body == &bodies.back()));
    if (terms->has_value()) return {(*terms)->bytes.begin(), (*terms)->bytes.end()};
  }
  return {};
}

}  // namespace

TEST_CASE("a message is cut into fragments of one size, numbered down to 1") {
  const Bytes control(100, 9);
  const auto message = counting(2 * fragment_bytes + 1);
  const std::vector<Bytes> bodies = written({7, control, message});
  REQUIRE(bodies.size() == 3);
  CHECK(Bytes(bodies[0].begin(), bodies[0].begin() + 20) ==
        Bytes{131, 69, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 9});
  CHECK(bodies[0].size() == 19 + fragment_bytes);
  CHECK(Bytes(bodies[1].begin(), bodies[1].begin() + 18) ==
        Bytes{131, 70, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2});
  CHECK(bodies[1].size() == 18 + fragment_bytes);
  CHECK(bodies[2].size() == 18 + 101);
  Bytes whole = control;
  append(whole, *message);
  CHECK(read_back(bodies) == whole);
}

TEST_CASE("every size round a cut comes back as it was, and takes the bytes that were announced") {
  const Bytes control(100, 9);
  for (const std::size_t fragments : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    for (const int around : {-1, 0, 1}) {
      const std::size_t size = fragments * fragment_bytes - 100 + static_cast<std::size_t>(around);
      CAPTURE(size);
      const auto message = counting(size);
      FragmentWriter writer(1, control, message);
      const std::size_t announced = writer.bytes_left();
      const std::vector<Bytes> bodies = written(writer);
      CHECK(bodies.size() == fragments + (around == 1 ? 1 : 0));
      std::size_t bytes = 0;
      for (const Bytes& body : bodies) bytes += 4 + body.size();
      CHECK(bytes == announced);
      Bytes whole = control;
      append(whole, *message);
      CHECK(read_back(bodies) == whole);
    }
  }
}

TEST_CASE("a value in the middle is cut where it is, and not copied") {
  const auto value = counting(3 * fragment_bytes);
  const auto around = counting(1'000);
  const SharedMessage message(around, 600, value);
  OutputChunks out;
  FragmentWriter writer(1, Bytes(10, 9), message);
  while (!writer.done()) writer.write(out);
  const std::vector<OutputChunk> chunks = out.take();
  std::size_t owned = 0;
  for (const OutputChunk& chunk : chunks) owned += chunk.owned.size();
  CHECK(owned < 10 + 1'000 + 4 * 23 + copied_message_bytes_max);
  Bytes whole(10, 9);
  message.append_to(whole);
  CHECK(read_back(frames(chunks)) == whole);
}

TEST_CASE("the fragments of a BEAM are of this form") {
  const std::vector<Bytes> theirs{golden::bytes("fragment_live_first"),
                                  golden::bytes("fragment_live_last")};
  const Bytes whole = read_back(theirs);
  const std::vector<Bytes> ours =
      written({1, Bytes(whole.begin(), whole.begin() + 100),
               std::make_shared<const Bytes>(whole.begin() + 100, whole.end())});
  REQUIRE(ours.size() == 2);
  CHECK(Bytes(ours[0].begin(), ours[0].begin() + 2) ==
        Bytes(theirs[0].begin(), theirs[0].begin() + 2));
  CHECK(Bytes(ours[0].begin() + 10, ours[0].begin() + 119) ==
        Bytes(theirs[0].begin() + 10, theirs[0].begin() + 119));
  CHECK(Bytes(ours[1].begin(), ours[1].begin() + 2) ==
        Bytes(theirs[1].begin(), theirs[1].begin() + 2));
  CHECK(Bytes(ours[1].begin() + 10, ours[1].begin() + 18) ==
        Bytes(theirs[1].begin() + 10, theirs[1].begin() + 18));
}
