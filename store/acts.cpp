// What is done at a stock peer: its writes and deletes, in the order in which they were done there.
//
// Stock stamps its writes with a clock that does not follow what it merges, and its deletes not at
// all. So a stamp of ours must never put what was done there earlier above what was done later: a
// delete stands just above the version that it deletes, and a write of which we know that it came
// after our version, though its stamp is below that, is stamped anew. What one clock stamped is in
// the order of its stamps, whatever the ways by which it comes here.
#include <vector>

#include "store/limits.hpp"
#include "store/refused_stamps.hpp"
#include "store/replica_impl.hpp"

namespace groot::store {

void Replica::Impl::delete_held(const Found& found, std::uint64_t hash, PeerId except,
                                PeerKnowledge* doer, bool ours_only, const Now& now,
                                Effects& effects) {
  const Timestamp above = just_above(found.reg->stamp());
  if (above.time_ms >= stamp_time_ms_end) return;
  RegisterPtr deleted = Register::make(tombstone_of(found.reg->key(), above));
  // Whoever had the version that is deleted, and writes later, writes over the delete as well: that
  // concerns what was there, and nothing that is set afterwards.
  std::vector<PeerId> knew;
  for (const PeerKnowledge& peer : peers) {
    if (peer.knew(found.slot)) knew.push_back(peer.id());
  }
  if (tells_peers) effects.emplace_back(SendToAll{deleted, except, ours_only, true});
  const Slot slot = store(std::move(deleted), hash, found, now, effects);
  if (doer != nullptr) doer->done(slot);
  for (const PeerId id : knew) find_peer(id)->done(slot);
}

MergeOutcome Replica::Impl::stamp_anew(PeerKnowledge& writer, const RegisterView& reg,
                                       std::uint64_t hash, const Found& found, const Now& now,
                                       Effects& effects) {
  RegisterView later = reg;
  later.stamp = next_after(found.reg->stamp(), options.node_id);
  if (later.stamp.time_ms >= stamp_time_ms_end) return {.ours_is_newer = true, .slot = found.slot};
  // Not to the writer: it may have written again meanwhile, and would take this for later. Its next
  // state says whether it still lacks the new stamp.
  const Slot slot = announce(later, hash, found, writer.id(), now, effects);
  writer.done(slot);
  writer.showed(slot, false);
  return {.changed = true, .ours_is_newer = true, .slot = slot};
}

void Replica::clock_of(PeerId peer, const Timestamp& last) {
  if (PeerKnowledge* known = impl_->find_peer(peer)) known->clock_told(last);
}

MergeOutcome Replica::merge_write(PeerId peer, const RegisterView& reg, const Now& now,
                                  Effects& effects) {
  Impl& impl = *impl_;
  const std::uint64_t hash = impl.registers.hash(reg.key);
  PeerKnowledge* const writer = impl.find_peer(peer);
  if (writer != nullptr && !has_absurd_stamp(reg)) writer->wrote(reg.stamp);
  const MergeOutcome merged = impl.merge(peer, nullptr, reg, hash, now, effects);
  if (writer == nullptr || !merged.ours_is_newer || !writer->knew(*merged.slot)) return merged;
  const Impl::Found held{*merged.slot, impl.registers.at(*merged.slot)};
  if (writer->has_stamped(*held.reg)) return merged;
  return impl.stamp_anew(*writer, reg, hash, held, now, effects);
}

bool Replica::Impl::may_be_later(const PeerKnowledge& doer, const Found& found) const {
  return !doer.is_followed() && found.reg->stamp().node_id != options.node_id &&
         doer.may_have_written_since(found.slot, *found.reg, changed_at[found.slot]);
}

void Replica::peer_without_store(PeerId peer, const Now& now, Effects& effects) {
  Impl& impl = *impl_;
  PeerKnowledge* const known = impl.find_peer(peer);
  if (known == nullptr || known->kind() != PeerKind::unknown || !known->has_done_any()) return;
  for (Slot slot = 0; slot < impl.registers.slot_end(); ++slot) {
    const Register* const reg = impl.registers.at(slot);
    if (reg == nullptr || reg->is_tombstone() || !known->has_done(slot)) continue;
    impl.delete_held({slot, reg}, impl.registers.hash(reg->key()), peer, known, false, now,
                     effects);
  }
}

void Replica::delete_unstamped(PeerId from, ByteView canonical_key, const Now& now,
                               Effects& effects) {
  Impl& impl = *impl_;
  const std::uint64_t hash = impl.registers.hash(canonical_key);
  PeerKnowledge* const doer = impl.find_peer(from);
  const auto found = impl.registers.lookup(canonical_key, hash);
  if (found && found->reg->is_tombstone()) {
    if (doer != nullptr) doer->done(found->slot);
  } else if (found && doer != nullptr && doer->wrote_since(*found->reg)) {
    // That came by another way, and is still to come by this one.
    return;
  } else if (found && doer != nullptr && impl.may_be_later(*doer, *found)) {
    // Its next state says whether it deleted this version, or has it.
    doer->done(found->slot);
  } else if (found) {
    impl.delete_held(*found, hash, from, doer, false, now, effects);
  } else if (doer != nullptr && doer->own_last() != Timestamp{}) {
    // Another's write of it may be on its way here.
    const RegisterView deleted = tombstone_of(canonical_key, just_above(doer->own_last()));
    if (impl.tombstones.is_ancient(deleted.stamp, now.deadline_ms())) return;
    doer->done(impl.announce(deleted, hash, found, from, now, effects));
  }
}

}  // namespace groot::store
