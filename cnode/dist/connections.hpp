// All connections of the node as one pure machine: owns the links, decides what one link alone
// cannot: which of two simultaneous connects wins (the greater name's), what a second connection
// of a known name means (`alive`: a restarted peer takes its old link's place once it has proved
// the cookie), which cookie belongs to which peer, and when to dial whom again, how many at a time.
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

// Numbers those who wait for the outcome of connect_once: greater than all before, never 0.
using AskNumber = std::uint64_t;

// ---- what the shell does ----
// Ask the peer's epmd, connect, then dialed or dial_failed.
struct Dial {
  NodeName peer;
  bool again = false;  // the last one failed
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
  // It closed the link itself, and had not been silent before: Node.disconnect, or its end.
  bool left = false;
};
// A connection or attempt that never became a peer. `peer` may be empty (no name received yet).
struct AttemptFailed {
  std::optional<NodeName> peer;
  std::string address;
  Error reason;
  bool dialed = false;  // the outcome of a dial of ours, not a connection that we accepted
  // It answers those who asked for it, up to this number; who asked later has another attempt.
  AskNumber answers = 0;
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

  // Keep a connection to this peer, for good: dial now and, with back-off and jitter, whenever it
  // is away.
  void keep(const NodeName& peer, std::int64_t now_ms);
  // The same, until it is released: it was found, and nobody asked for it.
  void keep_found(const NodeName& peer, std::int64_t now_ms);
  // It is not dialled again. A link, or an attempt under way, stays; so does what `keep` was told.
  void release(const NodeName& peer);
  // Try once (Node.connect): PeerUp or AttemptFailed follows. True: already up. An attempt that is
  // under way began before whatever the caller has mended: should it fail, another one follows.
  bool connect_once(const NodeName& peer, AskNumber asker, std::int64_t now_ms);
  // Ends the link, and every attempt. A kept peer is dialled again after disconnect_pause_ms.
  // False: no such peer.
  bool disconnect(const NodeName& peer, std::int64_t now_ms);
  // For later connections; with no peer, for all that have none of their own. Kept peers that are
  // away are dialled at once, or when the attempt under way has failed: the cookie may be what kept
  // them away.
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

  // Ends the link for a failure of this node's own; what is queued for it is not written.
  void give_up(LinkId link, Error reason);

  // Pull until empty after every call above or below. A link that cannot go on, for want of memory,
  // ends.
  [[nodiscard]] std::optional<ConnectionEvent> next_event(std::int64_t now_ms);

  // Unknown or closed links are ignored: the message is lost, as with any broken connection. A link
  // whose message cannot be queued, for want of memory, ends.
  void send(LinkId link, const Control& control, SharedMessage message);
  void send(std::span<const LinkId> links, const Control& control, SharedMessage message);
  // Links that have got output since theirs was taken last, each told once; some may be gone.
  [[nodiscard]] std::vector<LinkId> take_writable();
  // What it is to write next: asked again when that is written and there is more, as written()
  // tells. See Link::take_output.
  [[nodiscard]] std::vector<OutputChunk> take_output(LinkId link,
                                                     std::vector<OutputChunk> emptied = {});
  bool written(LinkId link, std::size_t bytes, std::int64_t now_ms);
  // Whether the link is up and has at most room_backlog_bytes_max to write. If it is up and has
  // more, room_again tells of it.
  [[nodiscard]] bool await_room(LinkId link);
  // To be asked after each written(): whether that made the room that was awaited. True once.
  [[nodiscard]] bool room_again(LinkId link);

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
