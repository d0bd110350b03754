// The router: what this node's registered names and processes answer. Control messages in, control
// messages out; everything a BEAM peer can ask of us arrives here.
//
//   peer frames ──> Router ──> storage_process ──> store::Replica
//                     │   ├──> clock_sync_process, net_kernel_process, rpc_process, peer_process
//                     │   ├──> announce_feed, tap (what stock peers do not send to hidden nodes)
//                     │   └──> exchange (what nodes of ours lack of each other)
//                     └──> actions: frames to send, nodes to dial, lines to log
//
// Pure: time is an argument, randomness injected. Not thread-safe: the owner calls it under the
// same lock as the Replica's writer side.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cnode/dist/connections.hpp"
#include "cnode/dist/control.hpp"
#include "cnode/dist/link.hpp"
#include "cnode/process/limits.hpp"
#include "store/kept_peer.hpp"
#include "store/replica.hpp"

namespace groot::process {

using dist::Control;
using dist::LinkId;
using dist::NodeName;
using dist::SharedBytes;
using dist::SharedMessage;
using store::Now;

// How a hidden node hears what stock Groot sends to visible nodes only (groot-protocol section 4).
enum class HiddenFeed { announce, tap, off };

// What remote calls may do here: all of the table; what uses Groot or only asks; nothing but what
// nodes of ours ask of each other.
enum class RemoteAdmin { full, groot, off };

// Whether writes are kept beyond the process: not; soon after they are answered; before.
enum class Saving { off, async, sync };

// Another process that reads the data file and keeps the room that is freed meanwhile from being
// used again.
struct FileReader {
  std::int64_t pid = 0;
  std::int64_t for_ms = 0;
};

struct RouterOptions {
  NodeName self;
  std::uint32_t creation = 0;
  HiddenFeed hidden_feed = HiddenFeed::announce;
  RemoteAdmin remote_admin = RemoteAdmin::full;
  Saving saving = Saving::off;
  std::function<std::uint64_t()> random;
  std::int64_t hash_check = 0;  // the same as another's: both hash keys alike; not negative
  std::int64_t memory_id = 0;   // see HelloInfo
  // Peers that the owner keeps a connection to anyhow.
  std::vector<NodeName> connect = {};
  // What a peer lacks goes to it in pieces of about so many bytes, one after the other. Large: see
  // catch_up.hpp.
  std::size_t piece_bytes = update_bytes_max;
  // What an earlier life knew of its peers: they are dialled, and may prove what was deleted.
  std::vector<store::KeptPeer> kept_peers = {};
  // Those that have been at it for long, for who asks how things stand.
  std::function<std::vector<FileReader>()> file_readers = nullptr;
};

// ---- actions: a closed sum type, performed in order ----
struct SendFrame {
  LinkId link;
  Control control;
  SharedMessage message;
};
struct SendFrames {
  std::vector<LinkId> links;
  Control control;
  SharedMessage message;
};  // the same on each link
struct AwaitRoom {
  LinkId link;
};  // room() must follow, in a later turn, when nearly all that is queued there is written
struct KeepConnected {
  NodeName peer;
};  // a discovered node: dial, and again whenever it is away
struct Release {
  NodeName peer;
};  // one of these is not to be dialled again; a link to it stays
struct ConnectOnce {
  NodeName peer;
  dist::AskNumber asker;
};  // Node.connect: peer_up or connect_failed must follow
struct Disconnect {
  NodeName peer;
};  // Node.disconnect: a kept one is dialled again, but not at once
struct SetCookie {
  std::optional<NodeName> peer;
  std::string cookie;
};
// What LogThrottle holds back goes by source, who or what makes such lines be written, and cause,
// the kind of thing that this one says: any text, empty where there is no such thing.
struct LogLine {
  enum class Level { debug, info, warning, error } level;
  std::string text;
  std::string source = {};
  std::string cause = {};
};
struct Notify {
  store::RegisterPtr reg;
};  // a register changed: for on_change listeners

using Action = std::variant<SendFrame, SendFrames, AwaitRoom, KeepConnected, Release, ConnectOnce,
                            Disconnect, SetCookie, LogLine, Notify>;

class Router {
 public:
  // `replica` must outlive the router.
  Router(RouterOptions options, store::Replica& replica);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  void peer_up(LinkId link, const dist::PeerInfo& peer, const Now& now);
  // `left`: the peer ended the link itself.
  void peer_down(LinkId link, const Error& reason, bool left, const Now& now);
  // The answer to all ConnectOnce up to `answers`.
  void connect_failed(const NodeName& peer, dist::AskNumber answers, const Now& now);
  // `frame` need only live during the call.
  void receive(LinkId link, const dist::Frame& frame, const Now& now);
  // What AwaitRoom asked for. Of a link that is gone nothing needs to follow.
  void room(LinkId link, const Now& now);
  // What a local write wants done.
  void perform(store::Effects effects, const Now& now);
  // The replica's journal up to number `end` is saved, or is known not to be and why. With
  // Saving::sync writes are answered then; with async only failures and their end are told.
  void settled(std::uint64_t end, const std::optional<std::string>& failure, const Now& now);

  // What is to be kept of the peers, as far as it has changed since the last call.
  [[nodiscard]] std::vector<store::KeptPeer> take_kept_peers();

  void wake(const Now& now);
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms(const Now& now) const;  // monotonic

  // Before the node stops: takes taps off its peers. The actions left must still be sent.
  void stop(const Now& now);

  // Pull after every call above.
  [[nodiscard]] std::vector<Action> take_actions();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace groot::process
