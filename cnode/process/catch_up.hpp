// What a peer lacks goes to it as its link takes it: in pieces, each queued when nearly all before
// it is written, and made in turns, so that neither a link's queue nor a turn of the event loop
// grows with what there is to send. What that is, the replica knows (Replica::take_lacking): asked
// for again while it is under way, it is not sent twice.
//
// A stock node merges one update_registers message in time proportional to all it holds, so pieces
// are large, and one map each but for large values.
#pragma once

#include <functional>
#include <map>

#include "cnode/process/outbox.hpp"
#include "cnode/process/peers.hpp"
#include "cnode/process/register_codec.hpp"

namespace groot::process {

class CatchUp {
 public:
  // Called when the peer has been sent all that it lacked.
  using Hook = std::function<void(Peer& peer, const Now& now)>;

  CatchUp(const RouterOptions& options, Outbox& outbox, Peers& peers, store::Replica& replica,
          Hook sent)
      : piece_bytes_(options.piece_bytes),
        outbox_(outbox),
        peers_(peers),
        replica_(replica),
        sent_(std::move(sent)) {}

  // The replica knows of something that it lacks.
  void begin(Peer& peer, const Now& now);
  // The whole state, also when it is empty: then an empty map.
  void begin_state(Peer& peer, const Now& now);
  // What AwaitRoom asked for.
  void room(LinkId link, const Now& now);
  // The link ended, or the storage process at its other end.
  void stop(LinkId link) { supplies_.erase(link); }

 private:
  struct Supply {
    bool awaits_room = false;
    bool state_asked = false;  // and nothing was sent since
    std::size_t bytes = 0;     // queued since there was room, or in the map
    UpdatesWriter map;
  };

  // One turn.
  void advance(Peer& peer, Supply& supply, const Now& now);
  void add(Peer& peer, Supply& supply, const std::vector<store::RegisterPtr>& registers,
           const Now& now);
  void end_map(Peer& peer, Supply& supply, const Now& now);
  void await_room(const Peer& peer, Supply& supply);
  void send(Peer& peer, Supply& supply, SharedMessage message, const Now& now);

  std::size_t piece_bytes_;
  Outbox& outbox_;
  Peers& peers_;
  store::Replica& replica_;
  Hook sent_;
  std::map<LinkId, Supply> supplies_;
};

}  // namespace groot::process
