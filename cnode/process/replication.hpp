// Carries out what the replica wants: turns effects into messages to the peers that replicate, each
// register encoded once however many links it goes to.
#pragma once

#include <optional>
#include <span>

#include "cnode/process/catch_up.hpp"
#include "cnode/process/outbox.hpp"
#include "cnode/process/peers.hpp"
#include "cnode/process/reclaimer.hpp"

namespace groot::process {

class Replication {
 public:
  Replication(Outbox& outbox, Peers& peers, store::Replica& replica, Reclaimer& reclaimer,
              CatchUp& catch_up)
      : outbox_(outbox),
        peers_(peers),
        replica_(replica),
        reclaimer_(reclaimer),
        catch_up_(catch_up) {}

  void perform(store::Effects effects, const Now& now);

  // Everything that the replica has for this peer.
  void push_full_state(Peer& peer, const Now& now);
  // Some of an exchange (exchange.hpp), from its process, so that they arrive before what that says
  // next.
  void send_chunk(Peer& peer, std::span<const store::RegisterPtr> registers, const Now& now);
  // What `from`, a node of ours, wrote, to those that lack a link with it (mesh.hpp).
  void pass_on(const Peer& from, std::vector<store::RegisterPtr> registers);
  // A node that is compared with came or went: how old a tombstone may be that is compared.
  void compare_tombstones(const Now& now);
  // What stock answers to {nodeup, Node}: the whole state, also when it is empty.
  void cast_state(Peer& peer, const Now& now);
  // What is known of peers that left ends: of too many, and after the time of a tombstone.
  void forget_left(const Now& now);
  // Monotonic; when that time is over for the next one.
  [[nodiscard]] std::optional<std::int64_t> next_forget_ms() const;

 private:
  void catch_up(store::PeerId id, const Now& now);
  // To all but `except`. `deleted_there`: see store::SendToAll.
  void broadcast(std::vector<store::RegisterPtr> registers, store::PeerId except,
                 bool deleted_there, const Now& now);
  void send(Peer& peer, std::span<const store::RegisterPtr> registers, const Now& now);

  Outbox& outbox_;
  Peers& peers_;
  store::Replica& replica_;
  Reclaimer& reclaimer_;
  CatchUp& catch_up_;
};

}  // namespace groot::process
