// What outlives the process: registers of an earlier run, and what is kept of this one.
#include <algorithm>
#include <string>
#include <utility>

#include "store/replica_impl.hpp"

namespace groot::store {

void Replica::restore(const KeptRegister& given, const Now& now) {
  Impl& impl = *impl_;
  KeptRegister kept = given;
  bool restamped = false;
  if (!impl.accept_kept(kept.reg, restamped, now)) return;
  if (is_past_deadline(kept.reg.expires_at_ms, now.wall_ms)) impl.wall_time.await_any();
  RegisterPtr stored = Register::make(kept.reg);
  const Register* const reg = stored.get();
  const Slot slot = impl.registers.put(std::move(stored), impl.registers.hash(reg->key()));
  if (reg->is_tombstone()) {
    // Not later than now: by a clock that was ahead it would live until then.
    impl.tombstones.added(slot, reg->stamp(), false, std::min(kept.arrived_ms, now.wall_ms),
                          now.deadline_ms());
  } else {
    impl.values.increment();
    if (const auto at = reg->expires_at_ms()) impl.expiries.push({*at, slot, reg->stamp()});
    // Uncounted, so that peers of ours send what they hold of it.
    if (impl.doubt.active()) {
      impl.doubt.add(slot, kept.number);
      impl.registers.uncount(slot);
    }
  }
  // Not so young that it could be on its way to a peer.
  if (slot >= impl.changed_at.size()) impl.changed_at.resize(slot + std::size_t{1});
  impl.changed_at[slot] = now.monotonic_ms - correction_grace_ms;
  if (restamped) impl.journal.stored(reg);
}

void Replica::begin_doubt() {
  impl_->doubt.begin();
}

void Replica::await_proofs(std::span<const ProofAwaited> proofs) {
  Doubt& doubt = impl_->doubt;
  if (!doubt.active()) return;
  for (const ProofAwaited& proof : proofs) doubt.expect(proof.peer, proof.level);
  const std::uint64_t level = doubt.level_max();
  bool any = false;
  impl_->registers.for_each([&](Slot slot, const RegisterPtr&) {
    if (!doubt.about(slot)) return;
    if (doubt.is_up_to(slot, level)) {
      any = true;
    } else {
      impl_->resolve_doubt(slot);
    }
  });
  if (!any) doubt.end();
}

bool Replica::in_doubt() const {
  return impl_->doubt.active();
}

std::size_t Replica::doubtful() const {
  std::size_t count = 0;
  impl_->registers.for_each([&](Slot slot, const RegisterPtr&) {
    if (impl_->doubt.about(slot)) ++count;
  });
  return count;
}

void Replica::Impl::judge_doubt(const Now& now, Effects& effects) {
  if (!doubt.active()) return;
  if (const auto until_ms = doubt.waits_until_ms(); until_ms && now.monotonic_ms >= *until_ms) {
    doubt.give_up_all();
  }
  const std::uint64_t level = doubt.level_max();
  std::size_t kept = 0;
  registers.for_each([&](Slot slot, const RegisterPtr& reg) {
    if (!doubt.about(slot) || doubt.is_up_to(slot, level)) return;
    resolve_doubt(slot);
    effects.emplace_back(SendToAll{reg, 0});
    ++kept;
  });
  if (kept > 0) {
    effects.emplace_back(Report{
        Report::Cause::absent_too_long,
        std::to_string(kept) +
            " registers from before this node was away are kept and sent: nothing proves that they "
            "were deleted meanwhile"});
  }
  if (level == 0) doubt.end();
}

void Replica::Impl::resolve_doubt(Slot slot) {
  if (!doubt.about(slot)) return;
  doubt.resolve(slot);
  registers.count(slot);
}

void Replica::Impl::has_shown_all(PeerId peer, const Now& now, Effects& effects) {
  const auto level = doubt.proves(peer);
  if (!level) return;
  const PeerKnowledge* const known = find_peer(peer);
  std::size_t dropped = 0;
  for (Slot slot = 0; slot < registers.slot_end(); ++slot) {
    if (!doubt.about(slot) || !doubt.is_up_to(slot, *level)) continue;
    // It never was at a peer that must not be sent it.
    if (known != nullptr && !known->may_be_sent(*registers.at(slot))) continue;
    drop_doubtful(slot, effects);
    ++dropped;
  }
  doubt.give_up(peer);
  if (dropped > 0) {
    effects.emplace_back(
        Report{Report::Cause::absent_too_long,
               "had " + std::to_string(dropped) +
                   " registers that it no longer has: they were deleted while this node was away, "
                   "and are set aside here (--bring-back-dropped)",
               nullptr, peer});
  }
  judge_doubt(now, effects);
}

void Replica::Impl::drop_doubtful(Slot slot, Effects& effects) {
  const RegisterPtr reg(registers.at(slot));
  registers.erase(reg->key(), registers.hash(reg->key()));
  if (reg->expires_at_ms()) expiries.voided();
  values.decrement();
  vacate_slot(slot);
  doubt.resolve(slot);
  journal.set_aside(reg.get());
  if (reports_changes) effects.emplace_back(Changed{Register::make(expiry_tombstone(reg->view()))});
  ++changes;
}

void Replica::peer_memory(PeerId peer, bool same, const Now& now, Effects& effects) {
  if (!impl_->doubt.active()) return;
  if (same) return impl_->doubt.confirm(peer);
  impl_->doubt.give_up(peer);
  impl_->judge_doubt(now, effects);
}

void Replica::peer_shown(PeerId peer, bool doubts, const Now& now, Effects& effects) {
  if (impl_->doubt.active() && !doubts) impl_->has_shown_all(peer, now, effects);
}

std::uint64_t Replica::level_of(PeerId peer) const {
  const PeerKnowledge* const known = impl_->find_peer(peer);
  return known == nullptr ? 0 : known->level_number();
}

void Replica::keep_journal(std::uint64_t last) {
  impl_->journal.begin(last);
}

std::vector<JournalEntry> Replica::take_journal() {
  return impl_->journal.take();
}

std::uint64_t Replica::journal_end() const {
  return impl_->journal.end();
}

}  // namespace groot::store
