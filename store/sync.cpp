// Peers: what each has shown, and what to do when one shows its complete state. The decision about
// one register is PeerKnowledge::judge.
#include <algorithm>
#include <string>
#include <utility>

#include "store/replica_impl.hpp"

namespace groot::store {

PeerKnowledge* Replica::Impl::find_peer(PeerId id) {
  const auto peer = std::ranges::find(peers, id, &PeerKnowledge::id);
  return peer == peers.end() ? nullptr : &*peer;
}

bool Replica::Impl::is_young(Slot slot, const Now& now) const {
  return now.monotonic_ms - changed_at[slot] < correction_grace_ms;
}

void Replica::peer_up(PeerId peer, PeerKind kind, const Now& now) {
  peer_down(peer);
  impl_->peers.emplace_back(peer, kind, now.monotonic_ms, impl_->options.node_id);
}

void Replica::peer_down(PeerId peer) {
  std::erase_if(impl_->peers, [peer](const PeerKnowledge& known) { return known.id() == peer; });
}

void Replica::peer_back(PeerId peer, const Now& now) {
  if (PeerKnowledge* known = impl_->find_peer(peer)) known->link_renewed(now.monotonic_ms);
}

void Replica::await_kinds(bool unknown) {
  impl_->awaits_kinds = unknown;
}

void Replica::peer_level(PeerId peer, const Now& now) {
  if (PeerKnowledge* known = impl_->find_peer(peer)) known->levelled(now.monotonic_ms);
}

void Replica::peer_lost_data(PeerId peer) {
  if (PeerKnowledge* known = impl_->find_peer(peer)) known->peer_lost_data();
}

std::vector<RegisterPtr> Replica::full_state_for(PeerId peer, Effects& effects) {
  PeerKnowledge* known = impl_->find_peer(peer);
  // A peer that nobody told us about could be of any kind: what is safe for all.
  PeerKnowledge stranger(peer, PeerKind::stock_without_delete, 0, 0);
  PeerKnowledge& receiver = known != nullptr ? *known : stranger;
  std::vector<RegisterPtr> state;
  state.reserve(impl_->registers.size());
  std::size_t withheld = 0;
  impl_->registers.for_each([&](Slot slot, const RegisterPtr& reg) {
    if (impl_->doubt.about(slot)) return;
    if (!receiver.may_be_sent(*reg)) {
      ++withheld;
      return;
    }
    receiver.sent(slot);
    state.push_back(reg);
  });
  if (withheld > 0 && impl_->withheld_reported.insert(peer).second) {
    effects.emplace_back(
        Report{Report::Cause::list_key,
               "is not sent " + std::to_string(withheld) + " registers: their keys are lists",
               nullptr, peer});
  }
  return state;
}

bool Replica::begin_full_state(PeerId peer) {
  PeerKnowledge* const known = impl_->find_peer(peer);
  return known != nullptr && known->begin_full_state();
}

bool Replica::merge_full_state(PeerId peer, std::span<const RegisterView> registers, const Now& now,
                               Effects& effects, std::span<const ShownPair> pairs) {
  return impl_->merge(peer, impl_->find_peer(peer), registers, now, effects, pairs);
}

Repeated Replica::merge_repeated(PeerId peer, ByteView ahead, std::size_t place,
                                 std::size_t count_max) {
  // What is in doubt has to hear of every value.
  if (impl_->doubt.active()) return {};
  PeerKnowledge* const known = impl_->find_peer(peer);
  return known == nullptr ? Repeated() : known->take_repeated(ahead, place, count_max);
}

bool Replica::end_full_state(PeerId peer, const Now& now, Effects& effects) {
  Impl& impl = *impl_;
  PeerKnowledge* known = impl.find_peer(peer);
  if (known == nullptr || !known->in_full_state()) return false;
  const std::uint64_t changes_before = impl.changes;
  impl.expire_due(now, effects);  // so that no value is sent that no longer is one
  if (impl.doubt.active()) {
    impl.doubt.peer_shown(peer, false, now.wall_ms);
    impl.judge_doubt(now, effects);
  }

  known->forget_old_sends(now.monotonic_ms);
  std::vector<RegisterPtr> lacking;
  for (Slot slot = 0; slot < impl.registers.slot_end(); ++slot) {
    if (known->is_settled(slot) || impl.doubt.about(slot)) continue;
    const Register* reg = impl.registers.at(slot);
    if (reg == nullptr) continue;
    const bool ancient =
        reg->is_tombstone() && impl.tombstones.is_ancient(reg->stamp(), now.wall_ms);
    const bool young = impl.is_young(slot, now) && impl.changed_at[slot] > known->link_since_ms();
    switch (known->judge(slot, *reg, young, ancient)) {
      case Verdict::nothing:
        break;
      case Verdict::send:
        known->sent(slot);
        lacking.emplace_back(reg);
        break;
      case Verdict::deleted_there: {
        // Nothing is sent to the peer itself: it has what it wants.
        const Impl::Found found{slot, reg};
        const RegisterView deleted{reg->key(), nil_value(), impl.issue(found, now),
                                   RegisterKind::tombstone, std::nullopt};
        impl.announce(deleted, hash_key(reg->key()), found, peer, now, effects);
        break;
      }
    }
  }
  known->complete_full_state();
  if (!lacking.empty()) effects.emplace_back(SendTo{peer, std::move(lacking)});
  return impl.changes != changes_before;
}

}  // namespace groot::store
