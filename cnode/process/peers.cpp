#include "cnode/process/peers.hpp"

#include <set>

namespace groot::process {

Peer& Peers::add(LinkId link, const dist::PeerInfo& info) {
  Memory& memory = memories_[info.name.full()];
  if (memory.id == 0) memory.id = memories_.size();
  Peer& peer = peers_[link];
  peer = Peer{};
  peer.link = link;
  peer.info = info;
  peer.id = memory.id;
  return peer;
}

Peer* Peers::find(LinkId link) {
  const auto found = peers_.find(link);
  return found == peers_.end() ? nullptr : &found->second;
}

Peer* Peers::find(std::string_view name) {
  for (auto& [link, peer] : peers_) {
    if (peer.name() == name) return &peer;
  }
  return nullptr;
}

Peer* Peers::find_id(store::PeerId id) {
  for (auto& [link, peer] : peers_) {
    if (peer.id == id) return &peer;
  }
  return nullptr;
}

std::optional<StorageSeen>& Peers::last_storage(const Peer& peer) {
  return memories_.find(peer.name())->second.storage;
}

std::vector<std::string> Peers::away() const {
  std::set<std::string_view> here;
  for (const auto& [link, peer] : peers_) here.insert(peer.name());
  std::vector<std::string> names;
  for (const auto& [name, memory] : memories_) {
    if (!here.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace groot::process
