// Invariant: an answer of epmd that decodes does so with the same result whatever follows it, no
// prefix of one that is incomplete is an error, and an error stays one.
#include <cstdint>

#include "cnode/dist/epmd_messages.hpp"

using namespace groot;
using namespace groot::dist;
using ei_codec::ByteView;

namespace {

template <class Decode, class Same>
void check(Decode decode, Same same, ByteView received) {
  const auto whole = decode(received);
  bool complete = false;
  for (std::size_t size = 0; size <= received.size(); ++size) {
    const auto part = decode(received.first(size));
    if (!part) {
      invariant(!whole, "an error stays an error");
      return;
    }
    if (part->has_value()) {
      invariant(whole.has_value() && whole->has_value() && same(**part, **whole),
                "what follows an answer changes nothing");
      complete = true;
    } else {
      invariant(!complete, "an answer does not become incomplete");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 600) return 0;
  const ByteView received(data, size);
  check(
      decode_alive2_response,
      [](const Alive2Response& a, const Alive2Response& b) {
        return a.registered == b.registered && a.creation == b.creation;
      },
      received);
  check(
      decode_port2_response,
      [](const Port2Response& a, const Port2Response& b) { return a.port == b.port; }, received);
  return 0;
}
