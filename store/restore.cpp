// What outlives the process: registers of an earlier run, and what is kept of this one.
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
    impl.values.fetch_add(1, std::memory_order_relaxed);
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
