// Finds the whole cluster from one peer: asks every peer for erlang:nodes(), the visible nodes that
// it is connected to, and keeps a connection to each.
#pragma once

#include <set>

#include "cnode/process/peers.hpp"
#include "cnode/process/requests.hpp"

namespace groot::process {

class Discovery {
 public:
  Discovery(const NodeName& self, Outbox& outbox, Peers& peers, Requests& requests);

  void peer_up(const Peer& peer, const Now& now);
  void wake(const Now& now);
  // Nothing before the first peer.
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const;

  // A node that the user disconnected is not dialled again, whoever still sees it, until it is
  // wanted or comes by itself.
  void disconnected(const NodeName& node);
  void wanted(const NodeName& node);

 private:
  void ask(LinkId link, const Now& now);
  void learn(LinkId from, const Term& nodes);

  const NodeName& self_;
  Outbox& outbox_;
  Peers& peers_;
  Requests& requests_;
  SharedBytes question_;
  std::int64_t next_ms_ = 0;
  std::set<NodeName> known_;     // told to be kept
  std::set<NodeName> unwanted_;  // disconnected by the user
};

}  // namespace groot::process
