// Finds the whole cluster from one peer: asks every peer that can be asked for erlang:nodes(), the
// visible nodes that it is connected to, and keeps a connection to each. Where the link is visible,
// `global` at the peer names some of them at once, and the peer itself is kept, too: visible nodes
// are a full mesh.
//
// A name is kept for as long as somebody sees that node, and discovered_unseen_ms longer; that time
// stands still while nobody is there who could see it. A full table gives the place of the name
// that was not seen for the longest to a new one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cnode/process/peers.hpp"
#include "cnode/process/requests.hpp"

namespace groot::process {

class Discovery {
 public:
  // `known`: names of an earlier life, to be kept a connection to. `kept`: those that are kept
  // already, and so are found nowhere.
  Discovery(const NodeName& self, Outbox& outbox, Peers& peers, Requests& requests,
            const std::vector<std::string>& known, const std::vector<NodeName>& kept);

  void peer_up(const Peer& peer, const Now& now);
  // After it was removed. `left`: it ended the link itself, as a BEAM does that wants to be rid of
  // us. A visible one then stays away: nobody looks for it until somebody else sees it.
  void peer_down(const dist::PeerInfo& peer, bool left, const Now& now);
  // What a peer says unasked of the nodes that it knows.
  void named(LinkId from, const std::vector<std::string>& nodes);
  void wake(const Now& now);
  // Nothing before the first peer.
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const;

 private:
  void ask(const Peer& peer, const Now& now);
  void learn(LinkId from, const Term& nodes, const Now& now);
  void found(const Peer& through, const NodeName& node);
  // Whether it is new.
  bool keep(const NodeName& node);
  // False: there is none.
  bool make_room();
  void forget(const NodeName& node);
  void forget_unseen();
  [[nodiscard]] std::set<std::string_view> seen_by_ours() const;

  const NodeName& self_;
  Outbox& outbox_;
  Peers& peers_;
  Requests& requests_;
  SharedBytes question_;
  std::set<NodeName> kept_;  // by others
  Now now_;                  // of the last call that knew it
  std::int64_t next_ms_ = 0;
  std::int64_t next_check_ms_ = 0;
  std::map<NodeName, std::int64_t> seen_ms_;           // told to be kept; when last seen
  std::map<NodeName, std::int64_t> left_alone_until_;  // visible peers that ended their links
};

}  // namespace groot::process
