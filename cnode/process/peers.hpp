// The connected peers: what the processes of this layer know of each, and what is remembered of
// those that are away.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cnode/process/hello.hpp"
#include "cnode/process/limits.hpp"
#include "cnode/process/router.hpp"

namespace groot::process {

inline constexpr std::string_view storage_name = "Elixir.Groot.Storage";

struct Peer {
  LinkId link = 0;
  dist::PeerInfo info;
  // Names the peer to the replica. Outlives the link: what a peer has shown decides, after a cut,
  // what its silence about a key means.
  store::PeerId id = 0;

  // Set once it is known that replication works with this peer, and how.
  std::optional<store::PeerKind> kind;
  std::optional<HelloInfo> hello;      // a node of ours that speaks our version
  bool exchanges = false;              // the same, and what it holds can be compared with ours
  std::optional<dist::Pid> storage;    // a stock peer's storage process; nothing while it is dead
  std::int64_t registers_sent_ms = 0;  // monotonic; when it was last sent any
  std::vector<std::string> sees;       // the visible nodes it last said to see, sorted
  bool wants_mesh = false;             // a BEAM that connects to all visible nodes, by `global`

  // Of a node of ours, see mesh.hpp: the nodes of ours that it last said to be linked with, sorted;
  // and whom what it writes is passed on to.
  std::vector<std::string> linked;
  std::vector<LinkId> passed_on_to;

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
  void remove(LinkId link, const Now& now);

  // The id of the peer of this name, also before it is there.
  store::PeerId id_of(const std::string& name);
  // Null when the link is down. Stable until remove.
  [[nodiscard]] Peer* find(LinkId link);
  [[nodiscard]] Peer* find(std::string_view name);
  [[nodiscard]] Peer* find_id(store::PeerId id);

  // The storage process seen at this peer last, also on an earlier link.
  [[nodiscard]] std::optional<StorageSeen>& last_storage(const Peer& peer);

  [[nodiscard]] std::map<LinkId, Peer>& all() { return peers_; }
  // Those that are away now, and remembered.
  [[nodiscard]] std::vector<std::string> away() const;

  // Ends the memory of those that left before `since_ms`, and of the longest away, should more than
  // remembered_peers_max be. Their ids, which nobody gets again.
  [[nodiscard]] std::vector<store::PeerId> forget_left(std::int64_t since_ms);
  // Monotonic; when the one that is away the longest left. Nothing: none is.
  [[nodiscard]] std::optional<std::int64_t> first_left_ms() const;

 private:
  struct Memory {
    store::PeerId id = 0;
    std::optional<StorageSeen> storage;
  };
  struct Left {
    std::int64_t at_ms;
    std::string name;
  };
  std::map<LinkId, Peer> peers_;
  std::map<std::string, Memory, std::less<>> memories_;
  std::deque<Left> left_;  // the longest away first; none that is back
  store::PeerId last_id_ = 0;
};

}  // namespace groot::process
