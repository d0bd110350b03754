#include "store/doubt.hpp"

#include <algorithm>
#include <limits>

#include "store/limits.hpp"

namespace groot::store {

void Doubt::begin() {
  end();
  active_ = true;
}

void Doubt::add(Slot slot, std::uint64_t number) {
  slots_.set(slot);
  if (slot >= numbers_.size()) numbers_.resize(slot + std::size_t{1});
  numbers_[slot] = number == 0 ? std::numeric_limits<std::uint64_t>::max() : number;
}

void Doubt::expect(PeerId peer, std::uint64_t level) {
  proofs_[peer] = {level, false};
}

void Doubt::confirm(PeerId peer) {
  if (const auto proof = proofs_.find(peer); proof != proofs_.end()) proof->second.confirmed = true;
}

std::optional<std::uint64_t> Doubt::proves(PeerId peer) const {
  const auto proof = proofs_.find(peer);
  if (proof == proofs_.end() || !proof->second.confirmed) return std::nullopt;
  return proof->second.level;
}

std::uint64_t Doubt::level_max() const {
  std::uint64_t level = 0;
  for (const auto& [peer, proof] : proofs_) level = std::max(level, proof.level);
  return level;
}

void Doubt::peer_came(std::int64_t monotonic_ms) {
  if (active_ && !waits_until_ms_) waits_until_ms_ = monotonic_ms + doubt_wait_ms;
}

}  // namespace groot::store
