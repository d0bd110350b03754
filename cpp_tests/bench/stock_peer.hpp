// A node with one peer that it knows to run stock Groot: the questions by which it finds out are
// answered as a stock node answers them.
#pragma once

#include <chrono>

#include "cnode/process/router.hpp"
#include "ei_codec/term.hpp"

namespace groot::bench {

inline constexpr std::int64_t wall_ms = 1'700'000'000'000;  // of the registers made here

// The peer's storage process.
[[nodiscard]] inline dist::Pid storage_pid() {
  return {{"peer@127.0.0.1"}, 100, 0, 4};
}

class StockPeer {
 public:
  StockPeer();

  // The node tells this peer's full state from any other update.
  [[nodiscard]] bool is_known() const { return known_; }
  // A frame of the peer, and all that the node wants done about it.
  void deliver(const dist::Frame& frame);
  // A write of a program that embeds the node, to the frame that this peer is sent of it.
  [[nodiscard]] bool set(ei_codec::ByteView key, ei_codec::ByteView value);
  [[nodiscard]] const store::Replica& replica() const { return replica_; }
  // Frames that the node has sent to this peer.
  [[nodiscard]] std::size_t sent() const { return sent_; }

 private:
  void answer(const dist::Control& control, const dist::SharedMessage& message);
  void answer(const dist::SpawnRequest& request, ei_codec::ByteView arguments);
  // A monitored process of this peer has ended.
  void end(const dist::MonitorPExit& exit, const ei_codec::Term& reason);
  void perform();

  // Those of a file may be of today.
  store::Now now_{0, std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count()};
  store::Replica replica_;
  process::Router router_;
  bool known_ = false;
  std::size_t sent_ = 0;
};

}  // namespace groot::bench
