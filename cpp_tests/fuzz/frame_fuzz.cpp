// Invariants: a stream of frames is cut, put together and decoded alike in one piece and in small
// ones, with a distribution header (fragments) or without; every control message that is accepted
// and can be sent survives being encoded and decoded again, in either form and in fragments.
//
// Input: the first byte is the size of the pieces; then the stream behind the handshake.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "cnode/dist/control.hpp"
#include "cnode/dist/fragment_reader.hpp"
#include "cnode/dist/fragment_writer.hpp"
#include "cnode/dist/frame_reader.hpp"

using namespace groot;
using namespace groot::dist;

namespace {

constexpr std::size_t limit = 1 << 20;
constexpr std::size_t sequences_limit = 8;
constexpr Flags without_fragments(hidden_flags.bits() &
                                  ~static_cast<std::uint64_t>(Flag::fragments));

bool re_encodes(const Frame& frame) {
  // What our own messages never hold: options that were not understood, an id from elsewhere.
  if (std::holds_alternative<SpawnRequest>(frame.control)) return false;
  return true;
}

void check_same(const Frame& frame, const Result<Frame>& again) {
  invariant(again.has_value(), "what we encode is accepted");
  invariant(to_text(again->control) == to_text(frame.control), "and is the same message");
  invariant(again->message.has_value() == frame.message.has_value(), "with its message");
  if (frame.message) {
    invariant(ei_codec::same_bytes(again->message->bytes(), frame.message->bytes()), "unchanged");
  }
}

// The same in fragments.
void check_fragments(const Frame& frame, ByteView message) {
  Bytes tuple;
  if (encode_control(frame.control, hidden_flags, tuple) != MessagePlace::payload) return;
  if (message.empty() || tuple.size() >= fragment_bytes) return;
  OutputChunks out;
  FragmentWriter writer(1, tuple, std::make_shared<const Bytes>(message.begin(), message.end()));
  std::size_t left = writer.bytes_left();
  while (!writer.done()) writer.write(out);
  Bytes stream;
  for (const OutputChunk& chunk : out.take()) {
    stream.insert(stream.end(), chunk.view().begin(), chunk.view().end());
  }
  invariant(stream.size() == left, "a message takes the bytes that were announced");
  FrameReader frames(4, limit);
  FragmentReader fragments;
  frames.feed(stream);
  while (true) {
    const auto body = frames.next();
    invariant(body && body->has_value(), "fragments are frames");
    const auto terms = fragments.read(**body);
    invariant(terms.has_value(), "that are accepted");
    if (!terms->has_value()) continue;
    check_same(frame, decode_terms((*terms)->bytes));
    return;
  }
}

void check_round_trip(const Frame& frame) {
  if (!re_encodes(frame)) return;
  const ByteView message = frame.message ? frame.message->bytes() : ByteView();
  Bytes plain;
  encode_frame(frame.control, message, without_fragments, plain);
  check_same(frame, decode_frame(ByteView(plain).subspan(4)));
  Bytes headed;
  encode_frame(frame.control, message, hidden_flags, headed);
  check_same(frame, decode_terms(ByteView(headed).subspan(7)));
  check_fragments(frame, message);
}

Result<std::optional<Frame>> decode(FragmentReader& fragments, bool headers, ByteView body) {
  const auto some = [](Result<Frame> frame) -> Result<std::optional<Frame>> {
    if (!frame) return frame.error();
    return std::optional<Frame>(*std::move(frame));
  };
  if (!headers) return some(decode_frame(body));
  const auto terms = fragments.read(body);
  if (!terms) return terms.error();
  if (!terms->has_value()) return std::optional<Frame>();
  return some(decode_terms((*terms)->bytes, (*terms)->buffer));
}

// What the stream holds, in words; the last word is the error, if any.
std::vector<std::string> read(ByteView stream, std::size_t piece, bool headers) {
  FrameReader reader(4, limit);
  FragmentReader fragments(sequences_limit, limit);
  std::vector<std::string> seen;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const ByteView view = stream.subspan(at, std::min(piece, stream.size() - at));
    const Bytes part(view.begin(), view.end());
    reader.feed(part);
    while (true) {
      const auto body = reader.next();
      if (!body) {
        seen.push_back(body.error().text());
        return seen;
      }
      if (!body->has_value()) break;
      if ((*body)->empty()) {
        seen.emplace_back("tick");
        continue;
      }
      const auto frame = decode(fragments, headers, **body);
      invariant(fragments.unfinished() <= sequences_limit, "no more is begun than may be");
      if (!frame) {
        seen.push_back(frame.error().text());
        return seen;
      }
      if (!frame->has_value()) continue;
      seen.push_back(to_text((*frame)->control));
      check_round_trip(**frame);
    }
  }
  invariant(reader.buffered_bytes() + fragments.unfinished_bytes() <= stream.size(),
            "no more is kept than came");
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView stream(data + 1, size - 1);
  for (const bool headers : {false, true}) {
    invariant(read(stream, stream.size() + 1, headers) == read(stream, data[0] + 1u, headers),
              "pieces make no difference");
  }
  return 0;
}
