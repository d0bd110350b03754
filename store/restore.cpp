// What outlives the process: registers of an earlier run, and what is kept of this one.
#include <string>
#include <utility>

#include "store/replica_impl.hpp"

namespace groot::store {

void Replica::restore(const KeptRegister& kept, const Now& now) {
  Impl& impl = *impl_;
  const bool expired = kept.reg.expires_at_ms && *kept.reg.expires_at_ms <= now.wall_ms;
  RegisterPtr stored = Register::make(expired ? expiry_tombstone(kept.reg) : kept.reg);
  const Register* const reg = stored.get();
  const Slot slot = impl.registers.put(std::move(stored), hash_key(reg->key()));
  if (reg->is_tombstone()) {
    impl.tombstones.added(slot, reg->stamp(), expired ? now.wall_ms : kept.arrived_ms);
  } else {
    impl.values.increment();
    if (const auto at = reg->expires_at_ms()) impl.expiries.push({*at, slot, reg->stamp()});
  }
  // Not so young that it could be on its way to a peer.
  if (slot >= impl.changed_at.size()) impl.changed_at.resize(slot + std::size_t{1});
  impl.changed_at[slot] = now.monotonic_ms - correction_grace_ms;
  if (expired) impl.journal.stored(reg);
}

void Replica::restore_clock(const Timestamp& last) {
  impl_->clock.resume(last);
}

void Replica::Impl::judge_doubt(const Now& now, Effects& effects) {
  switch (doubt.verdict(now.wall_ms)) {
    case Doubt::Verdict::open:
      return;
    case Doubt::Verdict::drop:
      drop_doubtful(effects);
      break;
    case Doubt::Verdict::keep: {
      std::size_t kept = 0;
      registers.for_each([&](Slot slot, const RegisterPtr& reg) {
        if (!doubt.about(slot)) return;
        registers.count(slot);
        effects.emplace_back(SendToAll{reg, 0});
        ++kept;
      });
      effects.emplace_back(Report{
          Report::Cause::absent_too_long,
          "the cluster knows of nothing from before this node was away: " + std::to_string(kept) +
              " registers of that time are kept and sent"});
      break;
    }
  }
  doubt.end();
}

void Replica::Impl::resolve_doubt(Slot slot) {
  if (!doubt.about(slot)) return;
  doubt.resolve(slot);
  registers.count(slot);
}

void Replica::Impl::drop_doubtful(Effects& effects) {
  std::size_t dropped = 0;
  for (Slot slot = 0; slot < registers.slot_end(); ++slot) {
    if (!doubt.about(slot)) continue;
    const RegisterPtr reg(registers.at(slot));
    registers.erase(reg->key(), hash_key(reg->key()));
    if (reg->expires_at_ms()) expiries.voided();
    values.decrement();
    forget_slot(slot);
    journal.dropped(reg.get());
    if (reports_changes) {
      effects.emplace_back(Changed{Register::make(expiry_tombstone(reg->view()))});
    }
    ++changes;
    ++dropped;
  }
  effects.emplace_back(Report{
      Report::Cause::absent_too_long,
      std::to_string(dropped) +
          " registers dropped: this node was away for longer than tombstones live, and the cluster "
          "no longer has them"});
}

void Replica::doubt_restored(std::int64_t left_ms) {
  Impl& impl = *impl_;
  impl.doubt.begin(left_ms);
  impl.registers.for_each([&impl](Slot slot, const RegisterPtr& reg) {
    if (reg->is_tombstone()) return;
    // Uncounted, so that peers of ours send what they hold of it.
    impl.doubt.add(slot);
    impl.registers.uncount(slot);
  });
}

bool Replica::in_doubt() const {
  return impl_->doubt.active();
}

void Replica::peer_shown(PeerId peer, bool doubts, const Now& now, Effects& effects) {
  if (!in_doubt()) return;
  impl_->doubt.peer_shown(peer, doubts, now.wall_ms);
  impl_->judge_doubt(now, effects);
}

void Replica::peer_since(PeerId peer, std::int64_t since_ms, const Now& now, Effects& effects) {
  if (!in_doubt()) return;
  impl_->doubt.peer_since(peer, since_ms);
  impl_->judge_doubt(now, effects);
}

void Replica::for_each_certain(const std::function<void(const RegisterPtr&)>& visit) const {
  impl_->registers.for_each([&](Slot slot, const RegisterPtr& reg) {
    if (!impl_->doubt.about(slot)) visit(reg);
  });
}

void Replica::keep_journal() {
  impl_->journal.begin();
}

std::vector<JournalEntry> Replica::take_journal() {
  return impl_->journal.take();
}

std::uint64_t Replica::journal_end() const {
  return impl_->journal.end();
}

const Timestamp& Replica::clock() const {
  return impl_->clock.last();
}

}  // namespace groot::store
