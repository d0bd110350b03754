// What a node with a data directory keeps of its peers: their names, so that it finds them again
// where its seeds are gone, and up to where each has held what this node holds, so that after a
// long absence it knows what was deleted (store/doubt.hpp).
//
// At most kept_peers_max; another one takes the place of the one that is away and was found the
// longest ago.
// While this node is in doubt what is kept stays as it was: a crash must not make it forget who may
// prove what.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cnode/process/peers.hpp"
#include "store/kept_peer.hpp"

namespace groot::process {

class KeptPeers {
 public:
  // `kept`: from an earlier life. The replica is told who may prove something.
  KeptPeers(std::vector<store::KeptPeer> kept, Peers& peers, store::Replica& replica);

  [[nodiscard]] std::vector<std::string> names() const;

  // Replication with the peer begins. Whether its memory is the one that was kept of it.
  bool ready(const Peer& peer, const Now& now);
  // It may hold more of what we hold.
  void level(const Peer& peer);

  // For the status: each peer that is linked, and how many of the last changes of registers it is
  // not known to have held for some seconds; changes count over all lives of the data directory.
  [[nodiscard]] ei_codec::Term behind() const;

  // What has changed since the last call.
  [[nodiscard]] std::vector<store::KeptPeer> take();

 private:
  void make_room();

  Peers& peers_;
  store::Replica& replica_;
  std::map<std::string, store::KeptPeer, std::less<>> kept_;
  std::set<std::string, std::less<>> changed_;  // or gone
};

}  // namespace groot::process
