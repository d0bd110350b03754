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

#include "cnode/dist/control.hpp"
#include "cnode/dist/link.hpp"
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

struct RouterOptions {
  NodeName self;
  std::uint32_t creation = 0;
  HiddenFeed hidden_feed = HiddenFeed::announce;
  RemoteAdmin remote_admin = RemoteAdmin::full;
  Saving saving = Saving::off;
  std::function<std::uint64_t()> random;
  std::int64_t started_ms = 0;  // monotonic; when this node came up
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
struct KeepConnected {
  NodeName peer;
};  // a discovered node: dial, and again whenever it is away
struct ConnectOnce {
  NodeName peer;
};  // Node.connect: peer_up or connect_failed must follow
struct Disconnect {
  NodeName peer;
};  // Node.disconnect: a kept one is dialled again, but not at once
struct SetCookie {
  std::optional<NodeName> peer;
  std::string cookie;
};
struct LogLine {
  enum class Level { debug, info, warning, error } level;
  std::string text;
};
struct Notify {
  store::RegisterPtr reg;
};  // a register changed: for on_change listeners

using Action = std::variant<SendFrame, SendFrames, KeepConnected, ConnectOnce, Disconnect,
                            SetCookie, LogLine, Notify>;

class Router {
 public:
  // `replica` must outlive the router.
  Router(RouterOptions options, store::Replica& replica);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  void peer_up(LinkId link, const dist::PeerInfo& peer, const Now& now);
  void peer_down(LinkId link, const Error& reason, const Now& now);
  void connect_failed(const NodeName& peer, const Now& now);
  // `frame` need only live during the call.
  void receive(LinkId link, const dist::Frame& frame, const Now& now);
  // What a local write wants done.
  void perform(store::Effects effects, const Now& now);
  // The replica's journal up to number `end` is saved, or is known not to be and why. With
  // Saving::sync writes are answered then; with async only failures and their end are told.
  void settled(std::uint64_t end, const std::optional<std::string>& failure, const Now& now);

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
