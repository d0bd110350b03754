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

PeerKnowledge* Replica::Impl::find_just_linked(PeerId id) {
  PeerKnowledge* const known = find_peer(id);
  const bool is_it = known != nullptr && known->kind() != PeerKind::ours && !known->is_followed();
  return is_it ? known : nullptr;
}

PeerKnowledge* Replica::Impl::find_receiver(PeerId id) {
  if (PeerKnowledge* known = find_peer(id)) return known;
  const auto stranger = std::ranges::find(strangers, id, &PeerKnowledge::id);
  return stranger == strangers.end() ? nullptr : &*stranger;
}

void Replica::Impl::vacate_slot(Slot slot) {
  not_pushed.clear(slot);
  for (PeerKnowledge& peer : peers) peer.slot_vacated(slot);
  for (PeerKnowledge& stranger : strangers) stranger.lacking().vacated(slot);
}

bool Replica::Impl::is_young(Slot slot, const Now& now) const {
  return now.monotonic_ms - changed_at[slot] < correction_grace_ms;
}

void Replica::peer_linked(PeerId peer, const Now& now) {
  impl_->bring_back(peer);
  PeerKnowledge* known = impl_->find_peer(peer);
  if (known == nullptr) {
    known = &impl_->peers.emplace_back(peer, PeerKind::unknown, now.monotonic_ms,
                                       impl_->options.hash_secret);
  }
  known->linked(now.monotonic_ms);
}

void Replica::peer_unlinked(PeerId peer, const Now& now) {
  forget_lacking(peer);
  PeerKnowledge* known = impl_->find_peer(peer);
  if (known == nullptr) return;
  if (known->kind() == PeerKind::unknown || known->kind() == PeerKind::ours) {
    peer_down(peer);
  } else {
    known->left(now.monotonic_ms);
  }
}

void Replica::peer_up(PeerId peer, PeerKind kind, const Now& now) {
  PeerKnowledge* const known = impl_->find_peer(peer);
  if (known != nullptr && known->kind() == PeerKind::unknown && kind != PeerKind::ours) {
    known->identified(kind);
  } else {
    PeerKnowledge fresh(peer, kind, now.monotonic_ms, impl_->options.hash_secret);
    if (known != nullptr) fresh.linked(known->linked_ms());
    peer_down(peer);
    impl_->peers.push_back(std::move(fresh));
  }
  impl_->doubt.peer_came(now.monotonic_ms);
}

void Replica::peer_down(PeerId peer) {
  const auto is_it = [peer](const PeerKnowledge& known) { return known.id() == peer; };
  std::erase_if(impl_->peers, is_it);
  std::erase_if(impl_->strangers, is_it);
  std::erase_if(impl_->away, is_it);
}

bool Replica::Impl::is_leaving() const {
  return std::ranges::any_of(
      peers, [](const PeerKnowledge& known) { return known.left_ms().has_value(); });
}

void Replica::Impl::set_apart(const Now& now) {
  std::vector<PeerKnowledge> here;
  for (PeerKnowledge& known : peers) {
    const bool is_away = known.left_ms() && *known.left_ms() < now.monotonic_ms;
    (is_away ? away : here).push_back(std::move(known));
  }
  peers = std::move(here);
}

void Replica::Impl::bring_back(PeerId peer) {
  const auto found = std::ranges::find(away, peer, &PeerKnowledge::id);
  if (found == away.end()) return;
  const std::int64_t left_ms = *found->left_ms();
  found->came_back([&](Slot slot) {
    return slot < registers.slot_end() && registers.at(slot) != nullptr &&
           changed_at[slot] <= left_ms;
  });
  peers.push_back(std::move(*found));
  away.erase(found);
}

void Replica::peer_back(PeerId peer, const Now& now) {
  impl_->bring_back(peer);
  if (PeerKnowledge* known = impl_->find_peer(peer)) known->link_renewed(now.monotonic_ms);
}

void Replica::await_kinds(bool unknown) {
  impl_->awaits_kinds = unknown;
}

void Replica::Impl::age_tombstones(const Now& now) {
  tombstones.count_arrived(now.deadline_ms());
  // A comparison under way may have seen it, and no longer send it: the next one has to be awaited.
  while (const auto slot = tombstones.uncount_old(now.deadline_ms())) {
    changed_at[*slot] = now.monotonic_ms;
  }
}

void Replica::compare_tombstones_for(std::int64_t ttl_ms, const Now& now) {
  impl_->tombstones.compare_for(ttl_ms, now.deadline_ms());
  impl_->age_tombstones(now);
}

std::int64_t Replica::tombstone_ttl_ms() const {
  return impl_->tombstones.ttl_ms();
}

void Replica::peer_level(PeerId peer, const Now& now) {
  if (PeerKnowledge* known = impl_->find_peer(peer)) {
    known->levelled(now.monotonic_ms, impl_->doubt.active() ? 0 : impl_->journal.end());
  }
}

void Replica::peer_lost_data(PeerId peer) {
  if (PeerKnowledge* known = impl_->find_peer(peer)) known->peer_lost_data();
  impl_->doubt.give_up(peer);
}

MergeOutcome Replica::merge(PeerId from, const RegisterView& reg, const Now& now,
                            Effects& effects) {
  const MergeOutcome merged =
      impl_->merge(from, nullptr, reg, impl_->registers.hash(reg.key), now, effects);
  PeerKnowledge* const teller = impl_->find_just_linked(from);
  if (teller != nullptr && merged.slot && !merged.ours_is_newer) teller->told(*merged.slot);
  return merged;
}

MergeOutcome Replica::merge_pushed(PeerId from, const RegisterView& reg, const Now& now,
                                   Effects& effects) {
  MergeOutcome merged = merge(from, reg, now, effects);
  if (!merged.slot || merged.ours_is_newer || !impl_->not_pushed.test(*merged.slot)) return merged;
  impl_->not_pushed.clear(*merged.slot);
  merged.changed = true;
  return merged;
}

bool Replica::merge(PeerId from, std::span<const RegisterView> registers, const Now& now,
                    Effects& effects) {
  if (impl_->find_just_linked(from) == nullptr) {
    return impl_->merge(from, nullptr, registers, now, effects);
  }
  bool changed = false;
  for (const RegisterView& reg : registers) changed |= merge(from, reg, now, effects).changed;
  return changed;
}

void Replica::lacks_everything(PeerId peer) {
  PeerKnowledge* receiver = impl_->find_receiver(peer);
  // One that nobody told us about could be of any kind: what is safe for all.
  if (receiver == nullptr) {
    receiver =
        &impl_->strangers.emplace_back(peer, PeerKind::stock_without_delete, 0, HashSecret{});
  }
  receiver->lacks_all(impl_->registers.slot_end());
}

TakenLacking Replica::take_lacking(PeerId peer, std::size_t count_max, std::size_t bytes_max) {
  TakenLacking taken;
  PeerKnowledge* const receiver = impl_->find_receiver(peer);
  if (receiver == nullptr) return taken;
  Lacking& lacking = receiver->lacking();
  std::size_t bytes = 0;
  // Of what is marked for everybody some slots are empty.
  for (std::size_t seen = 0; seen < count_max; ++seen) {
    const auto slot = lacking.take();
    if (!slot) break;
    const Register* const reg = impl_->registers.at(*slot);
    if (reg == nullptr || impl_->doubt.about(*slot)) continue;
    if (!receiver->may_be_sent(*reg)) {
      lacking.withhold();
      continue;
    }
    bytes += reg->key().size() + reg->value().size();
    if (bytes > bytes_max && !taken.registers.empty()) {
      lacking.give_back(*slot);
      break;
    }
    // What it has shown it is sent only because it asked.
    if (!receiver->has_shown(*slot)) receiver->sent(*slot);
    taken.registers.emplace_back(reg);
  }
  taken.anew = lacking.take_anew();
  taken.more = lacking.any();
  if (taken.more) return taken;
  const std::size_t withheld = lacking.take_withheld();
  // Once a peer: for this one no time passes.
  if (withheld > 0 && impl_->reports.tell({Report::Cause::list_key, peer}, 0, 1)) {
    taken.withheld = withheld;
  }
  return taken;
}

void Replica::forget_lacking(PeerId peer) {
  if (PeerKnowledge* known = impl_->find_peer(peer)) known->lacking().clear();
  std::erase_if(impl_->strangers, [peer](const PeerKnowledge& one) { return one.id() == peer; });
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
  if (impl.doubt.active()) impl.has_shown_all(peer, now, effects);

  known->forget_old_sends(now.monotonic_ms);
  bool lacks = false;
  // Then stock nodes that were not, or lack some of it, show that by themselves.
  const bool wiped = known->was_wiped();
  std::optional<std::int64_t> unshown_since_ms;
  for (Slot slot = 0; slot < impl.registers.slot_end(); ++slot) {
    if (known->is_settled(slot) || impl.doubt.about(slot)) continue;
    const Register* reg = impl.registers.at(slot);
    if (reg == nullptr) continue;
    const bool ancient =
        reg->is_tombstone() && impl.tombstones.is_ancient(reg->stamp(), now.deadline_ms());
    const bool young = impl.is_young(slot, now) && impl.changed_at[slot] > known->link_since_ms();
    if (!reg->is_tombstone() && !known->has_shown(slot) && known->may_be_sent(*reg)) {
      unshown_since_ms =
          std::min(unshown_since_ms.value_or(impl.changed_at[slot]), impl.changed_at[slot]);
    }
    switch (known->judge(slot, *reg, young, ancient)) {
      case Verdict::nothing:
        break;
      case Verdict::send:
        known->sent(slot);
        known->lacking().add(slot);
        lacks = true;
        break;
      case Verdict::deleted_there: {
        // Nothing is sent to the peer itself: it has what it wants.
        impl.delete_held({slot, reg}, impl.registers.hash(reg->key()), peer, known, wiped, now,
                         effects);
        break;
      }
    }
  }
  if (!impl.doubt.active()) {
    known->shown_since(unshown_since_ms, now.monotonic_ms, impl.journal.end());
  }
  known->complete_full_state();
  if (lacks) effects.emplace_back(Lacks{peer});
  return impl.changes != changes_before;
}

}  // namespace groot::store
