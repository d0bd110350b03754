#include "store/doubt.hpp"

#include "store/limits.hpp"

namespace groot::store {

void Doubt::begin(std::int64_t left_ms) {
  end();
  active_ = true;
  left_ms_ = left_ms;
}

void Doubt::held_by(PeerId peer, const Timestamp& stamp) {
  if (static_cast<std::int64_t>(stamp.time_ms) > left_ms_) return;
  const auto known = peers_.find(peer);
  if (known == peers_.end() || !known->second.doubts) memory_goes_on_ = true;
}

void Doubt::peer_since(PeerId peer, std::int64_t since_ms) {
  peers_[peer].since_ms = since_ms;
}

void Doubt::peer_shown(PeerId peer, bool doubts, std::int64_t wall_ms) {
  peers_[peer].shown = true;
  peers_[peer].doubts = doubts;
  state_shown_ = true;
  if (!keep_at_ms_) keep_at_ms_ = wall_ms + doubt_grace_ms;
}

Doubt::Verdict Doubt::verdict(std::int64_t wall_ms) const {
  if (!active_ || !state_shown_) return Verdict::open;
  if (memory_goes_on_) return Verdict::drop;
  for (const auto& [id, peer] : peers_) {
    if (!peer.shown || peer.doubts || !peer.since_ms) continue;
    if (*peer.since_ms <= left_ms_) return Verdict::drop;
  }
  return wall_ms >= *keep_at_ms_ ? Verdict::keep : Verdict::open;
}

}  // namespace groot::store
