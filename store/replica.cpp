#include "store/replica.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "store/replica_impl.hpp"

namespace groot::store {
namespace {

Result<void> no_stamp_left() {
  return {make_error_code(store_errc::clock_exhausted), ""};
}

Result<void> check_key(ByteView key) {
  if (key.size() <= key_bytes_max) return {};
  return {make_error_code(store_errc::key_too_large),
          std::to_string(key.size()) + " bytes, at most " + std::to_string(key_bytes_max)};
}

}  // namespace

// ---- Impl ----

Replica::Impl::Impl(const ReplicaOptions& given)
    : options(given),
      clock(given.node_id),
      registers(given.hash_secret),
      tombstones(registers, given.tombstone_count_max, given.tombstone_ttl_ms),
      expiries([this](const ExpiryQueue::Entry& entry) {
        const Register* reg = registers.at(entry.slot);
        return reg != nullptr && reg->stamp() == entry.stamp && reg->expires_at_ms() == entry.at_ms;
      }) {}

std::optional<Timestamp> Replica::Impl::issue(const std::optional<Found>& found, const Now& now) {
  return clock.issue(now.wall_ms, found ? found->reg->stamp() : Timestamp{});
}

inline void Replica::Impl::make_room(Effects& effects) {
  constexpr std::size_t effects_each = 2;
  if (effects.capacity() - effects.size() < effects_each) [[unlikely]] {
    effects.reserve(std::max(2 * effects.capacity(), effects.size() + effects_each));
  }
  journal.make_room();
  if (changed_at.size() <= registers.slot_end()) [[unlikely]] {
    changed_at.resize(registers.slot_end() + std::size_t{merge_batch_max});
  }
}

Slot Replica::Impl::store(RegisterPtr stored, std::uint64_t hash, const std::optional<Found>& found,
                          const Now& now, Effects& effects, bool expired) {
  const Register* const reg = stored.get();
  const bool had_tombstone = found && found->reg->is_tombstone();
  const bool had_value = found && !had_tombstone;
  const bool had_deadline = found && found->reg->expires_at_ms();
  const bool had_counted = found && registers.is_counted(found->slot);
  const bool same_version = found && found->reg->stamp() == reg->stamp();
  // Also where a peer was the first to see it expire.
  expired = expired || (had_deadline && reg->stamp() == just_above(found->reg->stamp()));

  if (found && doubt.active()) resolve_doubt(found->slot);
  make_room(effects);

  torn = true;
  // From here on, found->reg may be gone.
  const Slot slot = registers.put(std::move(stored), hash, found);
  if (had_tombstone) tombstones.removed(slot, had_counted);
  if (had_deadline) expiries.voided();
  if (had_value) values.decrement();
  if (reg->is_tombstone()) {
    tombstones.added(slot, reg->stamp(), expired, now.wall_ms, now.deadline_ms());
  } else {
    values.increment();
    if (const auto at = reg->expires_at_ms()) expiries.push({*at, slot, reg->stamp()});
  }
  if (!same_version) {
    changed_at[slot] = now.monotonic_ms;
    last_change_ms = now.monotonic_ms;
    forget_slot(slot);
  }
  ++changes;
  journal.stored(reg);
  if (reports_changes) effects.emplace_back(Changed{RegisterPtr(reg)});
  if (!found && reg->key_is_list()) {
    effects.emplace_back(Report{Report::Cause::list_key,
                                "a key that is a list is not sent to stock nodes",
                                RegisterPtr(reg)});
  }
  torn = false;
  if (reg->is_tombstone()) drop_excess_tombstones(now, effects);
  return slot;
}

Slot Replica::Impl::announce(const RegisterView& view, std::uint64_t hash,
                             const std::optional<Found>& found, PeerId except, const Now& now,
                             Effects& effects) {
  RegisterPtr reg = Register::make(view);
  if (tells_peers) effects.emplace_back(SendToAll{reg, except});
  return store(std::move(reg), hash, found, now, effects);
}

MergeOutcome Replica::Impl::merge(PeerId from, PeerKnowledge* shower, const RegisterView& reg,
                                  std::uint64_t hash, const Now& now, Effects& effects) {
  if (has_absurd_stamp(reg)) [[unlikely]]
    return refuse(from, shower, reg, hash, now, effects);
  learn_stamp(from, reg.stamp, now, effects);
  if (shower != nullptr) shower->showed_stamp(reg.stamp);
  const bool expired = reg.kind == RegisterKind::value &&
                       is_past_deadline(reg.expires_at_ms, now.deadline_ms()) &&
                       now.knows_deadlines();
  const RegisterView incoming = expired ? expiry_tombstone(reg) : reg;
  const auto found = registers.lookup(reg.key, hash);
  if (doubt.active()) [[unlikely]] {
    if (found) resolve_doubt(found->slot);
  }

  MergeOutcome outcome;
  if (found) {
    const Timestamp held = found->reg->stamp();
    if (merge_order(incoming, found->reg->view()) <= 0) {
      if (shower != nullptr) {
        if (reg.stamp < held && shower->is_new_write(reg.stamp) && shower->knew(found->slot) &&
            !shower->has_stamped(*found->reg)) {
          return stamp_anew(*shower, reg, hash, *found, now, effects);
        }
        shower->showed(found->slot, reg.stamp >= held);
      }
      outcome.ours_is_newer = reg.stamp < held;
      outcome.slot = found->slot;
      if (outcome.ours_is_newer && !registers.is_counted(found->slot))
        tell_ancient(from, found->slot, effects);
      return outcome;
    }
  } else if (reg.kind == RegisterKind::tombstone &&
             tombstones.is_ancient(reg.stamp, now.deadline_ms())) {
    if (shower != nullptr && shower->kind() != PeerKind::ours && shower->may_reclaim()) {
      effects.emplace_back(Reclaim{from, Register::make(reg)});
    }
    return outcome;
  }
  RegisterPtr stored = Register::make(incoming);
  // As if it had come in time and expired here: the peers that show it live must learn the same.
  if (expired && tells_peers) effects.emplace_back(SendToAll{stored, 0});
  const Slot slot = store(std::move(stored), hash, found, now, effects, expired);
  if (shower != nullptr) shower->showed(slot, reg.stamp >= incoming.stamp);
  not_pushed.set(slot);
  outcome.slot = slot;
  outcome.changed = true;
  return outcome;
}

bool Replica::Impl::merge(PeerId from, PeerKnowledge* shower, std::span<const RegisterView> batch,
                          const Now& now, Effects& effects, std::span<const ShownPair> pairs) {
  const std::uint64_t changes_before = changes;
  std::array<std::uint64_t, merge_batch_max> hashes;
  for (; !batch.empty(); batch = batch.subspan(std::min(batch.size(), hashes.size()))) {
    const auto some = batch.first(std::min(batch.size(), hashes.size()));
    for (std::size_t i = 0; i < some.size(); ++i) {
      hashes[i] = registers.hash(some[i].key);
      registers.prefetch_entry(hashes[i]);
    }
    for (std::size_t i = 0; i < some.size(); ++i) registers.prefetch_register(hashes[i]);
    for (std::size_t i = 0; i < some.size(); ++i) {
      const MergeOutcome merged = merge(from, shower, some[i], hashes[i], now, effects);
      if (pairs.empty() || shower == nullptr || !merged.slot) continue;
      // A stamp that did not move our clock is looked at again.
      const bool as_before =
          !merged.changed && !merged.ours_is_newer && clock.is_past(some[i].stamp);
      shower->read_pair(pairs[i], *merged.slot, as_before);
    }
    if (!pairs.empty()) pairs = pairs.subspan(some.size());
  }
  return changes != changes_before;
}

void Replica::Impl::expire_due(const Now& now, Effects& effects) {
  if (!now.knows_deadlines()) return;
  while (const auto entry = expiries.due(now.deadline_ms())) {
    const Register* expired = registers.at(entry->slot);
    announce(expiry_tombstone(expired->view()), registers.hash(expired->key()),
             Found{entry->slot, expired}, 0, now, effects);
  }
}

bool Replica::Impl::is_held(Slot tombstone) const {
  return awaits_kinds || std::ranges::any_of(peers, [&](const PeerKnowledge& peer) {
           return peer.kind() == PeerKind::ours && peer.level_since_ms() <= changed_at[tombstone];
         });
}

void Replica::Impl::drop_tombstone(Slot slot) {
  const RegisterPtr dropped(registers.at(slot));
  const bool counted = registers.is_counted(slot);
  journal.make_room();
  torn = true;
  registers.erase(dropped->key(), registers.hash(dropped->key()));
  journal.dropped(dropped.get());
  tombstones.removed(slot, counted);
  vacate_slot(slot);
  if (registers.size() == 0) changed_at = std::vector<std::int64_t>();  // slots begin anew
  torn = false;
}

void Replica::Impl::retire_tombstone(Slot slot, Effects& effects) {
  for (const PeerKnowledge& peer : peers) {
    if (peer.kind() != PeerKind::ours && peer.has_shown(slot)) {
      effects.emplace_back(Reclaim{peer.id(), RegisterPtr(registers.at(slot))});
    }
  }
  drop_tombstone(slot);
}

void Replica::Impl::drop_excess_tombstones(const Now& now, Effects& effects) {
  const std::vector<Slot> excess = tombstones.excess();
  if (excess.empty()) return;
  for (const Slot slot : excess) drop_tombstone(slot);
  dropped_unreported += excess.size();
  if (!reports.tell({Report::Cause::tombstones_dropped, 0}, now.monotonic_ms,
                    drop_report_interval_ms)) {
    return;
  }
  effects.emplace_back(
      Report{Report::Cause::tombstones_dropped, std::to_string(dropped_unreported) +
                                                    " oldest tombstones dropped: more than " +
                                                    std::to_string(options.tombstone_count_max)});
  dropped_unreported = 0;
}

void Replica::Impl::tell_ancient(PeerId to, Slot slot, Effects& effects) {
  PeerKnowledge* peer = find_peer(to);
  if (peer == nullptr || peer->kind() != PeerKind::ours) return;
  peer->lacking().add(slot);
  effects.emplace_back(Lacks{to});
}

void Replica::Impl::forget_slot(Slot slot) {
  not_pushed.clear(slot);
  for (PeerKnowledge& peer : peers) peer.version_changed(slot);
}

// ---- reading ----

Replica::Replica(const ReplicaOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Replica::~Replica() = default;

const Register* Replica::find(const ReadSection& section, ByteView canonical_key) const {
  const Register* const reg = impl_->registers.find(section, canonical_key);
  return reg != nullptr && !reg->is_tombstone() ? reg : nullptr;
}

RegisterPtr Replica::find(ByteView canonical_key) const {
  const ReadSection section;
  return RegisterPtr(find(section, canonical_key));
}

void Replica::prefetch(const ReadSection& section, std::span<const ByteView> keys) const {
  impl_->registers.prefetch(section, keys);
}

RegisterPtr Replica::get(ByteView canonical_key, std::int64_t deadline_ms) const {
  RegisterPtr reg = find(canonical_key);
  return reg && !is_past_deadline(reg->expires_at_ms(), deadline_ms) ? reg : RegisterPtr();
}

std::size_t Replica::size() const {
  return impl_->values.get();
}

std::optional<std::int64_t> Replica::last_change_ms() const {
  return impl_->last_change_ms;
}

void Replica::for_each(const std::function<void(const RegisterPtr&)>& visit) const {
  impl_->registers.for_each([&visit](Slot, const RegisterPtr& reg) { visit(reg); });
}

bool Replica::is_torn() const {
  return impl_->torn;
}

const RegisterMap& Replica::registers() const {
  return impl_->registers;
}

void Replica::reserve(std::size_t registers) {
  impl_->registers.reserve(registers);
  impl_->changed_at.reserve(registers);
}

void Replica::report_changes(bool wanted) {
  impl_->reports_changes = wanted;
}

void Replica::tell_peers(bool wanted) {
  impl_->tells_peers = wanted;
}

// ---- local writes ----

Result<void> Replica::set(ByteView canonical_key, const ValueView& value,
                          std::optional<std::int64_t> expires_in_ms, const Now& now,
                          Effects& effects) {
  if (auto checked = check_key(canonical_key); !checked) return checked;
  if (value.bytes.size() > impl_->options.value_bytes_max) {
    return {make_error_code(store_errc::value_too_large),
            std::to_string(value.bytes.size()) + " bytes, at most " +
                std::to_string(impl_->options.value_bytes_max)};
  }
  if (expires_in_ms && (*expires_in_ms < 0 || *expires_in_ms > expires_in_ms_max)) {
    return {make_error_code(store_errc::bad_expiry), std::to_string(*expires_in_ms)};
  }
  const std::uint64_t hash = impl_->registers.hash(canonical_key);
  const auto found = impl_->registers.lookup(canonical_key, hash);
  const auto stamp = impl_->issue(found, now);
  if (!stamp) return no_stamp_left();
  RegisterView reg{canonical_key,       value.bytes,  *stamp,
                   RegisterKind::value, std::nullopt, value.buffer};
  if (expires_in_ms) reg.expires_at_ms = now.deadline_ms() + *expires_in_ms;
  // Expired at once: the write happened, and what it left is what expiry leaves.
  if (expires_in_ms == 0) reg = expiry_tombstone(reg);
  impl_->announce(reg, hash, found, 0, now, effects);
  return {};
}

Result<void> Replica::erase(ByteView canonical_key, const Now& now, Effects& effects) {
  if (auto checked = check_key(canonical_key); !checked) return checked;
  const std::uint64_t hash = impl_->registers.hash(canonical_key);
  const auto found = impl_->registers.lookup(canonical_key, hash);
  const auto stamp = impl_->issue(found, now);
  if (!stamp) return no_stamp_left();
  impl_->announce(tombstone_of(canonical_key, *stamp), hash, found, 0, now, effects);
  return {};
}

void Replica::clear(Effects& effects) {
  Impl& impl = *impl_;
  impl.registers.for_each([&](Slot, const RegisterPtr& reg) {
    if (!impl.reports_changes || reg->is_tombstone()) return;
    effects.emplace_back(Changed{Register::make(expiry_tombstone(reg->view()))});
  });
  impl.torn = true;
  impl.registers.clear();
  impl.tombstones.clear();
  impl.expiries.clear();
  impl.changed_at = std::vector<std::int64_t>();
  impl.values.set(0);
  impl.journal.cleared();
  impl.doubt.end();
  impl.not_pushed.clear_all();
  for (PeerKnowledge& peer : impl.peers) peer.we_lost_data();
  for (PeerKnowledge& peer : impl.away) peer.we_lost_data();
  for (PeerKnowledge& stranger : impl.strangers) stranger.lacking().clear();
  impl.torn = false;
}

}  // namespace groot::store
