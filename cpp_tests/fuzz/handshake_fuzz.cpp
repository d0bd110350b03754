// Invariant: whatever a stranger says, in whatever pieces, a connection never comes up without the
// cookie, sends a bounded answer, and ends with exactly one Closed, after which it is silent.
//
// Input: the first byte picks the role (bit 0), the acceptor's answer (bits 1 to 3) and the size of
// the pieces (the rest); then the bytes of the peer.
#include <algorithm>
#include <cstdint>
#include <memory>

#include "cnode/dist/limits.hpp"
#include "cnode/dist/link.hpp"

using namespace groot;
using namespace groot::dist;

namespace {

struct Watch {
  bool closed = false;
  std::size_t sent = 0;
};

void drain(Link& link, NameAnswer answer, Watch& watch) {
  while (const auto event = link.next_event()) {
    invariant(!watch.closed, "nothing follows Closed");
    if (std::holds_alternative<NameReceived>(*event)) link.answer_name(answer, "cookie", 0);
    if (std::holds_alternative<AliveReceived>(*event)) link.answer_alive(true, 0);
    if (std::holds_alternative<Closed>(*event)) watch.closed = true;
    invariant(!std::holds_alternative<Up>(*event) &&
                  !std::holds_alternative<ReplacementProved>(*event) &&
                  !std::holds_alternative<FrameReceived>(*event),
              "nobody comes up without the cookie");
  }
  for (const OutputChunk& chunk : link.take_output()) watch.sent += chunk.view().size();
  invariant(watch.sent < 1'000, "a handshake's answers are short");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool initiates = (data[0] & 1) != 0;
  constexpr NameAnswer answers[] = {NameAnswer::ok, NameAnswer::ok_simultaneous, NameAnswer::nok,
                                    NameAnswer::not_allowed, NameAnswer::alive};
  const NameAnswer answer = answers[(data[0] >> 1 & 7) % 5];
  const std::size_t piece = (data[0] >> 4) + 1u;

  const Identity self{.name = *NodeName::parse("us@host"),
                      .creation = 5,
                      .flags = hidden_flags,
                      .net_ticktime_ms = 60'000};
  const auto link = initiates ? std::make_unique<Link>(self, *NodeName::parse("peer@host"),
                                                       "cookie", 0x12345678u, 0)
                              : std::make_unique<Link>(self, 0x12345678u, 0);
  Watch watch;
  drain(*link, answer, watch);
  for (std::size_t at = 1; at < size; at += piece) {
    const Bytes part(data + at, data + std::min(size, at + piece));
    link->feed(part, 0);
    drain(*link, answer, watch);
  }
  link->peer_closed(0);
  drain(*link, answer, watch);
  invariant(watch.closed, "the end is told");
  return 0;
}
