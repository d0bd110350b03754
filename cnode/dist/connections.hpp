// All connections of the node as one pure machine: owns the links, decides what one link alone
// cannot: which of two simultaneous connects wins (the greater name's), what a second connection
// of a known name means (`alive`: a restarted peer takes its old link's place once it has proved
// the cookie), which cookie belongs to which peer, and when to dial whom again.
//
// The shell performs the actions, feeds bytes, and calls wake when the deadline it was told is due.
// Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "cnode/dist/limits.hpp"
#include "cnode/dist/link.hpp"

namespace groot::dist {

struct ConnectionsOptions {
  Identity self;
  std::string cookie;
  std::function<std::uint32_t()> random;  // challenges and jitter
  // Accepted connections that have not proved the cookie yet; below the descriptors there are.
  std::size_t pending_max = pending_handshakes_max;
};

// ---- what the shell does ----
// Ask the peer's epmd, connect, then dialed or dial_failed.
struct Dial {
  NodeName peer;
};
// After writing what take_output still gives for it.
struct CloseSocket {
  LinkId link;
  bool stranger = false;  // accepted, and never proved the cookie
  // Of a handshake that was given up: nothing is left to write, and nobody waits for the end.
  bool at_once = false;
};
// ---- what the node hears ----
struct PeerUp {
  LinkId link;
  PeerInfo peer;
};
struct PeerDown {
  LinkId link;
  PeerInfo peer;
  Error reason;
};
// A connection or attempt that never became a peer. `peer` may be empty (no name received yet).
struct AttemptFailed {
  std::optional<NodeName> peer;
  std::string address;
  Error reason;
  bool dialed = false;  // the outcome of a dial of ours, not a connection that we accepted
};
// Views a buffer until the next call.
struct PeerFrame {
  LinkId link;
  Frame frame;
};

using ConnectionEvent = std::variant<Dial, CloseSocket, PeerUp, PeerDown, AttemptFailed, PeerFrame>;

class Connections {
 public:
  explicit Connections(ConnectionsOptions options);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Keep a connection to this peer: dial now and, with back-off and jitter, whenever it is away.
  void keep(const NodeName& peer, std::int64_t now_ms);
  // Try once (Node.connect): PeerUp or AttemptFailed follows. True: already up.
  bool connect_once(const NodeName& peer, std::int64_t now_ms);
  // Ends the link, and every attempt. A kept peer is dialled again after disconnect_pause_ms.
  // False: no such peer.
  bool disconnect(const NodeName& peer, std::int64_t now_ms);
  // For later connections; with no peer, for all that have none of their own. Kept peers that are
  // away are dialled at once: the cookie may be what kept them away.
  void set_cookie(const std::optional<NodeName>& peer, std::string cookie, std::int64_t now_ms);

  // TCP results. A link exists from here on; its first bytes may already be in output.
  LinkId dialed(const NodeName& peer, std::string address, std::int64_t now_ms);
  void dial_failed(const NodeName& peer, Error reason, std::int64_t now_ms);
  // Nothing while stopping: close the socket. With pending_max unfinished handshakes the
  // oldest of them is given up, those that have not said a name first: whoever comes last gets its
  // chance, so idle connections keep no peer out.
  std::optional<LinkId> accepted(std::string address, std::int64_t now_ms);
  // The bytes must stay valid until next_event has returned nothing: frames that lie whole in them
  // are not copied.
  void feed(LinkId link, ByteView bytes, std::int64_t now_ms);
  // The socket is closed, by whichever side, or failed.
  void peer_closed(LinkId link, std::int64_t now_ms);

  // Pull until empty after every call above or below.
  [[nodiscard]] std::optional<ConnectionEvent> next_event(std::int64_t now_ms);

  // Unknown or closed links are ignored: the message is lost, as with any broken connection.
  void send(LinkId link, const Control& control, SharedMessage message);
  void send(std::span<const LinkId> links, const Control& control, SharedMessage message);
  // Links that have got output since theirs was taken last, each told once; some may be gone.
  [[nodiscard]] std::vector<LinkId> take_writable();
  // What it is to write next: asked again when that is written and there is more, as written()
  // tells. See Link::take_output.
  [[nodiscard]] std::vector<OutputChunk> take_output(LinkId link,
                                                     std::vector<OutputChunk> emptied = {});
  bool written(LinkId link, std::size_t bytes, std::int64_t now_ms);

  void wake(std::int64_t now_ms);
  // Never too late; too early where a deadline has been put off since the last wake.
  [[nodiscard]] std::optional<std::int64_t> next_deadline_ms() const;
  // Ends every link with `stopping`; no more dials.
  void stop(std::int64_t now_ms);

  [[nodiscard]] std::vector<PeerInfo> peers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace groot::dist
