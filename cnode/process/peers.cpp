#include "cnode/process/peers.hpp"

#include <set>

namespace groot::process {

store::PeerId Peers::id_of(const std::string& name) {
  Memory& memory = memories_[name];
  if (memory.id == 0) memory.id = ++last_id_;
  return memory.id;
}

Peer& Peers::add(LinkId link, const dist::PeerInfo& info) {
  Peer& peer = peers_[link];
  peer = Peer{};
  peer.link = link;
  peer.info = info;
  peer.id = id_of(info.name.full());
  std::erase_if(left_, [&peer](const Left& left) { return left.name == peer.name(); });
  return peer;
}

void Peers::remove(LinkId link, const Now& now) {
  const auto found = peers_.find(link);
  if (found == peers_.end()) return;
  const std::string name = found->second.name();
  peers_.erase(found);
  // A new link of the same node may have come before the old one went.
  if (find(name) == nullptr) left_.push_back({now.monotonic_ms, name});
}

std::vector<store::PeerId> Peers::forget_left(std::int64_t since_ms) {
  std::vector<store::PeerId> forgotten;
  while (!left_.empty() &&
         (left_.front().at_ms <= since_ms || left_.size() > remembered_peers_max)) {
    const auto memory = memories_.find(left_.front().name);
    forgotten.push_back(memory->second.id);
    memories_.erase(memory);
    left_.pop_front();
  }
  return forgotten;
}

std::optional<std::int64_t> Peers::first_left_ms() const {
  return left_.empty() ? std::nullopt : std::optional(left_.front().at_ms);
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
