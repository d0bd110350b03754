// Finds the whole cluster from one peer: asks every peer that can be asked for erlang:nodes(), the
// visible nodes that it is connected to, and keeps a connection to each. Where the link is visible,
// `global` at the peer names some of them at once, and the peer itself is kept, too: visible nodes
// are a full mesh.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cnode/process/peers.hpp"
#include "cnode/process/requests.hpp"

namespace groot::process {

class Discovery {
 public:
  Discovery(const NodeName& self, Outbox& outbox, Peers& peers, Requests& requests);

  void peer_up(const Peer& peer, const Now& now);
  // What a peer says unasked of the nodes that it knows.
  void named(LinkId from, const std::vector<std::string>& nodes);
  void wake(const Now& now);
  // Nothing before the first peer.
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const;

 private:
  void ask(const Peer& peer, const Now& now);
  void learn(LinkId from, const Term& nodes);
  void keep(const Peer& from, const NodeName& node);

  const NodeName& self_;
  Outbox& outbox_;
  Peers& peers_;
  Requests& requests_;
  SharedBytes question_;
  std::int64_t next_ms_ = 0;
  std::set<NodeName> known_;  // told to be kept
};

}  // namespace groot::process
