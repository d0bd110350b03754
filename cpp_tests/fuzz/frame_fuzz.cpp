// Invariant: a stream of frames is cut and decoded alike in one piece and in small ones; every
// control message that is accepted and can be sent survives being encoded and decoded again.
//
// Input: the first byte is the size of the pieces; then the stream behind the handshake.
#include <cstdint>
#include <string>
#include <vector>

#include "cnode/dist/control.hpp"
#include "cnode/dist/frame_reader.hpp"

using namespace groot;
using namespace groot::dist;

namespace {

constexpr std::size_t limit = 1 << 20;

bool re_encodes(const Frame& frame) {
  // What our own messages never hold: options that were not understood, an id from elsewhere.
  if (std::holds_alternative<SpawnRequest>(frame.control)) return false;
  return true;
}

void check_round_trip(const Frame& frame) {
  if (!re_encodes(frame)) return;
  Bytes encoded;
  encode_frame(frame.control, frame.message ? frame.message->bytes() : ByteView(), hidden_flags,
               encoded);
  const auto again = decode_frame(ByteView(encoded).subspan(4));
  invariant(again.has_value(), "what we encode is accepted");
  invariant(to_text(again->control) == to_text(frame.control), "and is the same message");
  invariant(again->message.has_value() == frame.message.has_value(), "with its message");
  if (frame.message) {
    invariant(ei_codec::same_bytes(again->message->bytes(), frame.message->bytes()), "unchanged");
  }
}

// What the stream holds, in words; the last word is the error, if any.
std::vector<std::string> read(ByteView stream, std::size_t piece) {
  FrameReader reader(4, limit);
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
      const auto frame = decode_frame(**body);
      if (!frame) {
        seen.push_back(frame.error().text());
        return seen;
      }
      seen.push_back(to_text(frame->control));
      check_round_trip(*frame);
    }
  }
  invariant(reader.buffered_bytes() <= stream.size(), "no more is kept than came");
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView stream(data + 1, size - 1);
  invariant(read(stream, stream.size() + 1) == read(stream, data[0] + 1u),
            "pieces make no difference");
  return 0;
}
