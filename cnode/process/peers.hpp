// The connected peers: what the processes of this layer know of each, and what is remembered of
// those that are away.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cnode/process/router.hpp"

namespace groot::process {

struct Peer {
  LinkId link = 0;
  dist::PeerInfo info;
  // Names the peer to the replica. Outlives the link: what a peer has shown decides, after a cut,
  // what its silence about a key means.
  store::PeerId id = 0;

  // Set once it is known that replication works with this peer, and how.
  std::optional<store::PeerKind> kind;
  bool exchanges = false;              // a node of ours that speaks our version of the exchange
  std::optional<dist::Pid> storage;    // a stock peer's storage process; nothing while it is dead
  std::int64_t registers_sent_ms = 0;  // monotonic; when it was last sent any
  std::vector<std::string> sees;       // the visible nodes it last said to see, sorted

  [[nodiscard]] const std::string& name() const { return info.name.full(); }
  [[nodiscard]] bool is_ours() const { return kind == store::PeerKind::ours; }
  [[nodiscard]] bool is_stock() const { return kind && !is_ours(); }
  // May be sent registers now.
  [[nodiscard]] bool replicates() const { return is_ours() || (is_stock() && storage); }
};

// A storage process and what it understands.
struct StorageSeen {
  dist::Pid pid;
  store::PeerKind kind;
};

class Peers {
 public:
  Peer& add(LinkId link, const dist::PeerInfo& info);
  void remove(LinkId link) { peers_.erase(link); }

  // Null when the link is down. Stable until remove.
  [[nodiscard]] Peer* find(LinkId link);
  [[nodiscard]] Peer* find(std::string_view name);
  [[nodiscard]] Peer* find_id(store::PeerId id);

  // The storage process seen at this peer last, also on an earlier link.
  [[nodiscard]] std::optional<StorageSeen>& last_storage(const Peer& peer);

  [[nodiscard]] std::map<LinkId, Peer>& all() { return peers_; }
  // Those that are away now.
  [[nodiscard]] std::vector<std::string> away() const;

 private:
  struct Memory {
    store::PeerId id = 0;
    std::optional<StorageSeen> storage;
  };
  std::map<LinkId, Peer> peers_;
  std::map<std::string, Memory, std::less<>> memories_;
};

}  // namespace groot::process
