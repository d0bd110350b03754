#include "cnode/process/kept_peers.hpp"

#include <algorithm>
#include <utility>

#include "cnode/process/limits.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::process {
namespace {

// Of a stock node its storage process; a node of ours says it itself.
ei_codec::Bytes memory_of(const Peer& peer) {
  ei_codec::Bytes memory;
  if (peer.storage) {
    ei_codec::encode_term(ei_codec::Term(*peer.storage), memory);
  } else if (peer.hello && peer.hello->memory_id != 0) {
    ei_codec::encode_term(ei_codec::Term(peer.hello->memory_id), memory);
  }
  return memory;
}

}  // namespace

KeptPeers::KeptPeers(std::vector<store::KeptPeer> kept, Peers& peers, store::Replica& replica)
    : peers_(peers), replica_(replica) {
  std::vector<store::ProofAwaited> proofs;
  for (store::KeptPeer& peer : kept) {
    if (peer.linked_ms == 0) {
      changed_.insert(peer.name);
      continue;
    }
    if (peer.level > 0) proofs.push_back({peers.id_of(peer.name), peer.level});
    const std::string name = peer.name;
    kept_.emplace(name, std::move(peer));
  }
  replica_.await_proofs(proofs);
}

std::vector<std::string> KeptPeers::names() const {
  std::vector<std::string> names;
  for (const auto& [name, peer] : kept_) names.push_back(name);
  return names;
}

bool KeptPeers::ready(const Peer& peer, const Now& now) {
  const auto found = kept_.find(peer.name());
  if (found == kept_.end()) make_room();
  store::KeptPeer& kept = found == kept_.end() ? kept_[peer.name()] : found->second;
  ei_codec::Bytes memory = memory_of(peer);
  const bool same = !memory.empty() && memory == kept.memory;
  kept.name = peer.name();
  kept.linked_ms = now.wall_ms;
  kept.memory = std::move(memory);
  if (!same) kept.level = 0;
  changed_.insert(peer.name());
  return same;
}

void KeptPeers::level(const Peer& peer) {
  const auto found = kept_.find(peer.name());
  const std::uint64_t level = replica_.level_of(peer.id);
  if (found == kept_.end() || level <= found->second.level) return;
  found->second.level = level;
  changed_.insert(peer.name());
}

ei_codec::Term KeptPeers::behind() const {
  std::vector<ei_codec::Term> behind;
  for (const auto& [link, peer] : peers_.all()) {
    const auto found = kept_.find(peer.name());
    if (found == kept_.end()) continue;
    const std::uint64_t left = replica_.journal_end() - found->second.level;
    behind.push_back(
        ei_codec::tuple({ei_codec::atom(peer.name()), ei_codec::unsigned_integer(left)}));
  }
  return ei_codec::tuple({ei_codec::charlist("Behind"), ei_codec::list(std::move(behind))});
}

std::vector<store::KeptPeer> KeptPeers::take() {
  std::vector<store::KeptPeer> changed;
  if (changed_.empty() || replica_.in_doubt()) return changed;
  for (const std::string& name : changed_) {
    const auto found = kept_.find(name);
    changed.push_back(found == kept_.end() ? store::KeptPeer{.name = name} : found->second);
  }
  changed_.clear();
  return changed;
}

void KeptPeers::make_room() {
  if (kept_.size() < kept_peers_max) return;
  const auto oldest = std::ranges::min_element(kept_, {}, [this](const auto& entry) {
    return std::pair(peers_.find(entry.first) != nullptr, entry.second.linked_ms);
  });
  changed_.insert(oldest->first);
  kept_.erase(oldest);
  // Where nothing is saved nobody takes them.
  while (changed_.size() > 2 * kept_peers_max) changed_.erase(changed_.begin());
}

}  // namespace groot::process
