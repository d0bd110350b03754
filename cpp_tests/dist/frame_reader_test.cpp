#include "cnode/dist/frame_reader.hpp"

#include <algorithm>
#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/limits.hpp"

using namespace groot::dist;
using groot::ei_codec::Bytes;
using groot::ei_codec::ByteView;

namespace {

constexpr std::size_t limit = 1'000;

Bytes framed(const Bytes& body, std::size_t length_bytes = 4) {
  Bytes frame;
  for (std::size_t shift = 8 * length_bytes; shift > 0; shift -= 8) {
    frame.push_back(static_cast<std::uint8_t>(body.size() >> (shift - 8)));
  }
  frame.insert(frame.end(), body.begin(), body.end());
  return frame;
}

void append(Bytes& to, const Bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// All frames that are whole now. The fed bytes live in a copy that dies with the feed.
std::vector<Bytes> feed(FrameReader& reader, ByteView bytes) {
  const auto copy = std::make_unique<Bytes>(bytes.begin(), bytes.end());
  reader.feed(*copy);
  std::vector<Bytes> frames;
  while (true) {
    const auto frame = reader.next();
    REQUIRE(frame);
    if (!frame->has_value()) return frames;
    frames.emplace_back((*frame)->begin(), (*frame)->end());
  }
}

}  // namespace

TEST_CASE("frames come out alike however the stream is cut") {
  const std::vector<Bytes> bodies{{1, 2, 3}, {}, {4}, Bytes(limit, 5), {}, {6, 7}};
  Bytes stream;
  for (const Bytes& body : bodies) append(stream, framed(body));

  for (const std::size_t piece : {stream.size(), std::size_t{1}, std::size_t{2}, std::size_t{3},
                                  std::size_t{5}, std::size_t{7}, std::size_t{1'007}}) {
    CAPTURE(piece);
    FrameReader reader(4, limit);
    std::vector<Bytes> frames;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const std::size_t size = std::min(piece, stream.size() - at);
      for (Bytes& frame : feed(reader, ByteView(stream).subspan(at, size))) {
        frames.push_back(std::move(frame));
      }
    }
    CHECK(frames == bodies);
    CHECK(reader.buffered_bytes() == 0);
  }
}

TEST_CASE("a stream cut in two anywhere yields the same frames") {
  Bytes stream = framed({1, 2, 3});
  append(stream, framed({}));
  append(stream, framed({4, 5}));
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    CAPTURE(cut);
    FrameReader reader(4, limit);
    std::vector<Bytes> frames = feed(reader, ByteView(stream).first(cut));
    for (Bytes& frame : feed(reader, ByteView(stream).subspan(cut))) {
      frames.push_back(std::move(frame));
    }
    CHECK(frames == std::vector<Bytes>{{1, 2, 3}, {}, {4, 5}});
  }
}

TEST_CASE("a strict prefix of a frame asks for more") {
  const Bytes frame = framed({1, 2, 3, 4, 5});
  for (std::size_t size = 0; size < frame.size(); ++size) {
    CAPTURE(size);
    FrameReader reader(4, limit);
    CHECK(feed(reader, ByteView(frame).first(size)).empty());
    CHECK(reader.buffered_bytes() == size);
  }
}

TEST_CASE("a frame that lies whole in the bytes fed is not copied") {
  Bytes stream = framed({1, 2, 3});
  append(stream, framed({4}));
  FrameReader reader(4, limit);
  reader.feed(stream);
  const auto first = reader.next();
  REQUIRE(first->has_value());
  CHECK((*first)->data() == stream.data() + 4);
  const auto second = reader.next();
  REQUIRE(second->has_value());
  CHECK((*second)->data() == stream.data() + 11);
}

TEST_CASE("a frame up to the limit passes, one byte more is refused by its length alone") {
  FrameReader fits(4, limit);
  CHECK(feed(fits, framed(Bytes(limit, 9))).size() == 1);

  const Bytes too_long{0, 0, limit / 256, limit % 256 + 1};
  FrameReader whole(4, limit);
  whole.feed(too_long);
  CHECK(whole.next().error().code == dist_errc::frame_too_large);

  FrameReader piecewise(4, limit);
  CHECK(feed(piecewise, ByteView(too_long).first(3)).empty());
  piecewise.feed(ByteView(too_long).subspan(3));
  CHECK(piecewise.next().error().code == dist_errc::frame_too_large);

  FrameReader greatest(4, frame_bytes_max);
  const Bytes four_gib{0xff, 0xff, 0xff, 0xff};
  greatest.feed(four_gib);
  CHECK(greatest.next().error().code == dist_errc::frame_too_large);
}

TEST_CASE("memory follows the bytes that arrive, not the length they claim") {
  FrameReader reader(4, frame_bytes_max);
  const Bytes claim{0x3f, 0xff, 0xff, 0xff, 1, 2, 3};
  CHECK(feed(reader, claim).empty());
  CHECK(reader.buffered_bytes() == claim.size());
}

TEST_CASE("the length can change between two frames, wherever the stream is cut") {
  Bytes stream = framed({'a'}, 2);
  append(stream, framed({1, 2}, 4));
  append(stream, framed({}, 4));
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    CAPTURE(cut);
    FrameReader reader(2, limit);
    std::vector<Bytes> frames;
    for (const ByteView part : {ByteView(stream).first(cut), ByteView(stream).subspan(cut)}) {
      const auto copy = std::make_unique<Bytes>(part.begin(), part.end());
      reader.feed(*copy);
      while (true) {
        const auto frame = reader.next();
        REQUIRE(frame);
        if (!frame->has_value()) break;
        frames.emplace_back((*frame)->begin(), (*frame)->end());
        reader.set_framing(4, limit);
      }
    }
    CHECK(frames == std::vector<Bytes>{{'a'}, {1, 2}, {}});
  }
}

TEST_CASE("what was not read is kept for a reader that stops between two frames") {
  Bytes stream = framed({1});
  append(stream, framed({2}));
  append(stream, Bytes{0, 0});
  FrameReader reader(4, limit);
  {
    const auto copy = std::make_unique<Bytes>(stream);
    reader.feed(*copy);
    REQUIRE(reader.next()->has_value());
    reader.keep();
  }
  CHECK(reader.buffered_bytes() == 7);
  const auto second = reader.next();
  REQUIRE(second->has_value());
  CHECK((*second)->front() == 2);
  CHECK(feed(reader, Bytes{0, 1, 3}) == std::vector<Bytes>{{3}});
}

TEST_CASE("a large frame in small pieces arrives whole and its buffer is given back") {
  const Bytes body(3 * kept_buffer_bytes_max, 7);
  const Bytes stream = framed(body);
  FrameReader reader(4, frame_bytes_max);
  std::size_t frames = 0;
  for (std::size_t at = 0; at < stream.size(); at += 1'448) {
    const std::size_t size = std::min<std::size_t>(1'448, stream.size() - at);
    for (const Bytes& frame : feed(reader, ByteView(stream).subspan(at, size))) {
      CHECK(frame == body);
      ++frames;
    }
  }
  CHECK(frames == 1);
  CHECK(reader.buffered_bytes() == 0);
}
