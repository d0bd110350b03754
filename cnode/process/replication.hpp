// Carries out what the replica wants: turns effects into messages to the peers that replicate, each
// register encoded once however many links it goes to.
#pragma once

#include <span>

#include "cnode/process/outbox.hpp"
#include "cnode/process/peers.hpp"

namespace groot::process {

inline constexpr std::string_view storage_name = "Elixir.Groot.Storage";

class Replication {
 public:
  Replication(Outbox& outbox, Peers& peers, store::Replica& replica)
      : outbox_(outbox), peers_(peers), replica_(replica) {}

  void perform(store::Effects effects, const Now& now);

  // Everything that the replica has for this peer, in as few messages as fit.
  void push_full_state(Peer& peer, const Now& now);
  // Some of an exchange (exchange.hpp), from its process, so that they arrive before what that says
  // next.
  void send_chunk(Peer& peer, std::span<const store::RegisterPtr> registers, const Now& now);
  // What stock answers to {nodeup, Node}: the whole state, also when it is empty.
  void cast_state(Peer& peer, const Now& now);

 private:
  void reclaim(const store::Reclaim& over, const Now& now);
  void broadcast(std::vector<store::RegisterPtr> registers, store::PeerId except, const Now& now);
  void send(Peer& peer, std::span<const store::RegisterPtr> registers, const Now& now);
  void send_message(Peer& peer, const SharedMessage& message, const Now& now);

  Outbox& outbox_;
  Peers& peers_;
  store::Replica& replica_;
};

}  // namespace groot::process
