#include "store/replica.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "store/replica_impl.hpp"

namespace groot::store {
namespace {

constexpr std::int64_t drift_report_interval_ms = 60 * 60 * 1000;
constexpr std::int64_t drop_report_interval_ms = 60 * 1000;

RegisterView tombstone(ByteView key, const Timestamp& stamp) {
  return {key, nil_value(), stamp, RegisterKind::tombstone, std::nullopt};
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
      tombstones(registers, given.tombstone_count_max, given.tombstone_ttl_ms),
      expiries([this](const ExpiryQueue::Entry& entry) {
        const Register* reg = registers.at(entry.slot);
        return reg != nullptr && reg->stamp() == entry.stamp && reg->expires_at_ms() == entry.at_ms;
      }) {}

Timestamp Replica::Impl::issue(const std::optional<Found>& found, const Now& now) {
  return clock.issue(now.wall_ms, found ? found->reg->stamp() : Timestamp{});
}

Slot Replica::Impl::store(RegisterPtr stored, std::uint64_t hash, const std::optional<Found>& found,
                          const Now& now, Effects& effects) {
  const Register* const reg = stored.get();
  const bool had_tombstone = found && found->reg->is_tombstone();
  const bool had_value = found && !had_tombstone;
  const bool had_deadline = found && found->reg->expires_at_ms();
  const bool had_counted = found && registers.is_counted(found->slot);
  const bool same_version = found && found->reg->stamp() == reg->stamp();

  if (found && doubt.active()) resolve_doubt(found->slot);

  // From here on, found->reg may be gone.
  const Slot slot = registers.put(std::move(stored), hash, found);
  if (had_tombstone) tombstones.removed(had_counted);
  if (had_deadline) expiries.voided();
  if (had_value) values.decrement();
  if (reg->is_tombstone()) {
    tombstones.added(slot, reg->stamp(), now.wall_ms);
  } else {
    values.increment();
    if (const auto at = reg->expires_at_ms()) expiries.push({*at, slot, reg->stamp()});
  }
  if (!same_version) {
    if (slot >= changed_at.size()) changed_at.resize(slot + std::size_t{1});
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
  if (reg->is_tombstone()) drop_excess_tombstones(now, effects);
  return slot;
}

void Replica::Impl::announce(const RegisterView& view, std::uint64_t hash,
                             const std::optional<Found>& found, PeerId except, const Now& now,
                             Effects& effects) {
  RegisterPtr reg = Register::make(view);
  if (tells_peers) effects.emplace_back(SendToAll{reg, except});
  store(std::move(reg), hash, found, now, effects);
}

MergeOutcome Replica::Impl::merge(PeerId from, PeerKnowledge* shower, const RegisterView& reg,
                                  std::uint64_t hash, const Now& now, Effects& effects) {
  learn_stamp(from, reg.stamp, now, effects);
  const bool expired =
      reg.kind == RegisterKind::value && is_past_deadline(reg.expires_at_ms, now.wall_ms);
  const RegisterView incoming = expired ? expiry_tombstone(reg) : reg;
  const auto found = registers.lookup(reg.key, hash);
  if (doubt.active()) [[unlikely]] {
    // The tombstone that an expiry left is as old as what expired, and may well be our own, or that
    // of another node in doubt, come back through a young peer.
    if (reg.kind == RegisterKind::value) doubt.held_by(from, reg.stamp);
    if (found) resolve_doubt(found->slot);
  }

  MergeOutcome outcome;
  if (found) {
    const Timestamp held = found->reg->stamp();
    if (merge_order(incoming, found->reg->view()) <= 0) {
      if (shower != nullptr) shower->showed(found->slot, reg.stamp >= held);
      outcome.ours_is_newer = reg.stamp < held;
      outcome.slot = found->slot;
      if (outcome.ours_is_newer && !registers.is_counted(found->slot))
        tell_ancient(from, found->reg, effects);
      return outcome;
    }
  } else if (reg.kind == RegisterKind::tombstone && tombstones.is_ancient(reg.stamp, now.wall_ms)) {
    return outcome;
  }
  RegisterPtr stored = Register::make(incoming);
  // As if it had come in time and expired here: the peers that show it live must learn the same.
  if (expired && tells_peers) effects.emplace_back(SendToAll{stored, 0});
  const Slot slot = store(std::move(stored), hash, found, now, effects);
  if (shower != nullptr) shower->showed(slot, reg.stamp >= incoming.stamp);
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
      hashes[i] = hash_key(some[i].key);
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
  while (const auto entry = expiries.due(now.wall_ms)) {
    const Register* expired = registers.at(entry->slot);
    announce(expiry_tombstone(expired->view()), hash_key(expired->key()),
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
  registers.erase(dropped->key(), hash_key(dropped->key()));
  journal.dropped(dropped.get());
  tombstones.removed(counted);
  forget_slot(slot);
  if (registers.size() == 0) changed_at = std::vector<std::int64_t>();  // slots begin anew
}

void Replica::Impl::retire_tombstone(Slot slot, Effects& effects) {
  for (const PeerKnowledge& peer : peers) {
    if (peer.kind() == PeerKind::stock_with_delete && peer.has_shown(slot)) {
      effects.emplace_back(Reclaim{peer.id(), RegisterPtr(registers.at(slot))});
    }
  }
  drop_tombstone(slot);
}

void Replica::Impl::learn_stamp(PeerId from, const Timestamp& stamp, const Now& now,
                                Effects& effects) {
  const ReceiveOutcome outcome = clock.receive(stamp, now.wall_ms);
  if (!outcome.rejected) [[likely]]
    return;
  const auto is_over = [&now](const auto& reported) {
    return now.monotonic_ms - reported.second >= drift_report_interval_ms;
  };
  if (const auto last = drift_reported_at.find(from);
      last != drift_reported_at.end() && !is_over(*last)) {
    return;
  }
  std::erase_if(drift_reported_at, is_over);
  drift_reported_at[from] = now.monotonic_ms;
  effects.emplace_back(Report{Report::Cause::drift_ahead,
                              "sent stamp " + to_text(stamp) + ", " +
                                  std::to_string(outcome.drift_ms) +
                                  " ms ahead of our wall time; merged, our clock is not moved",
                              nullptr, from});
}

void Replica::Impl::drop_excess_tombstones(const Now& now, Effects& effects) {
  const std::vector<Slot> excess = tombstones.excess();
  if (excess.empty()) return;
  for (const Slot slot : excess) drop_tombstone(slot);
  dropped_unreported += excess.size();
  if (drop_reported_at && now.monotonic_ms - *drop_reported_at < drop_report_interval_ms) return;
  effects.emplace_back(
      Report{Report::Cause::tombstones_dropped, std::to_string(dropped_unreported) +
                                                    " oldest tombstones dropped: more than " +
                                                    std::to_string(options.tombstone_count_max)});
  drop_reported_at = now.monotonic_ms;
  dropped_unreported = 0;
}

void Replica::Impl::tell_ancient(PeerId to, const Register* reg, Effects& effects) {
  const PeerKnowledge* peer = find_peer(to);
  if (peer == nullptr || peer->kind() != PeerKind::ours) return;
  effects.emplace_back(SendTo{to, {RegisterPtr(reg)}});
}

void Replica::Impl::forget_slot(Slot slot) {
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

RegisterPtr Replica::get(ByteView canonical_key, std::int64_t wall_ms) const {
  RegisterPtr reg = find(canonical_key);
  return reg && !is_past_deadline(reg->expires_at_ms(), wall_ms) ? reg : RegisterPtr();
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
  const std::uint64_t hash = hash_key(canonical_key);
  const auto found = impl_->registers.lookup(canonical_key, hash);
  RegisterView reg{canonical_key,       value.bytes,  impl_->issue(found, now),
                   RegisterKind::value, std::nullopt, value.buffer};
  if (expires_in_ms) reg.expires_at_ms = now.wall_ms + *expires_in_ms;
  // Expired at once: the write happened, and what it left is what expiry leaves.
  if (expires_in_ms == 0) reg = expiry_tombstone(reg);
  impl_->announce(reg, hash, found, 0, now, effects);
  return {};
}

Result<void> Replica::erase(ByteView canonical_key, const Now& now, Effects& effects) {
  if (auto checked = check_key(canonical_key); !checked) return checked;
  const std::uint64_t hash = hash_key(canonical_key);
  const auto found = impl_->registers.lookup(canonical_key, hash);
  impl_->announce(tombstone(canonical_key, impl_->issue(found, now)), hash, found, 0, now, effects);
  return {};
}

void Replica::clear(Effects& effects) {
  Impl& impl = *impl_;
  impl.registers.for_each([&](Slot, const RegisterPtr& reg) {
    if (!impl.reports_changes || reg->is_tombstone()) return;
    effects.emplace_back(Changed{Register::make(expiry_tombstone(reg->view()))});
  });
  impl.registers.clear();
  impl.tombstones.clear();
  impl.expiries.clear();
  impl.changed_at = std::vector<std::int64_t>();
  impl.values.set(0);
  impl.journal.cleared();
  impl.doubt.end();
  for (PeerKnowledge& peer : impl.peers) peer.we_lost_data();
}

// ---- from peers: single messages ----

MergeOutcome Replica::merge(PeerId from, const RegisterView& reg, const Now& now,
                            Effects& effects) {
  return impl_->merge(from, nullptr, reg, hash_key(reg.key), now, effects);
}

bool Replica::merge(PeerId from, std::span<const RegisterView> registers, const Now& now,
                    Effects& effects) {
  return impl_->merge(from, nullptr, registers, now, effects);
}

void Replica::delete_unstamped(PeerId from, ByteView canonical_key, const Now& now,
                               Effects& effects) {
  const std::uint64_t hash = hash_key(canonical_key);
  const auto found = impl_->registers.lookup(canonical_key, hash);
  if (found && found->reg->is_tombstone()) return;
  impl_->announce(tombstone(canonical_key, impl_->issue(found, now)), hash, found, from, now,
                  effects);
}

// ---- clock and time ----

Timestamp Replica::send_timestamp(const Now& now) {
  return impl_->clock.issue(now.wall_ms);
}

ReceiveOutcome Replica::receive_timestamp(const Timestamp& stamp, const Now& now) {
  return impl_->clock.receive(stamp, now.wall_ms);
}

void Replica::wake(const Now& now, Effects& effects) {
  impl_->expire_due(now, effects);
  // A comparison under way may have seen it, and no longer send it: the next one has to be awaited.
  while (const auto slot = impl_->tombstones.uncount_ancient(now.wall_ms)) {
    impl_->changed_at[*slot] = now.monotonic_ms;
  }
  for (auto slot = impl_->tombstones.due(now.wall_ms); slot && !impl_->is_held(*slot);
       slot = impl_->tombstones.due(now.wall_ms)) {
    impl_->retire_tombstone(*slot, effects);
  }
  impl_->judge_doubt(now, effects);
}

std::optional<std::int64_t> Replica::next_wake_wall_ms() const {
  Tombstones& tombstones = impl_->tombstones;
  auto end = tombstones.next_end();
  // Else time changes nothing, and what does is an event of its own.
  if (end && impl_->is_held(end->slot)) end.reset();
  std::optional<std::int64_t> next = impl_->doubt.keep_at_ms();
  const auto at_latest = [&next](const std::optional<std::int64_t>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  at_latest(impl_->expiries.next_at_ms());
  at_latest(tombstones.next_ancient_ms());
  if (end) at_latest(end->at_ms);
  return next;
}

}  // namespace groot::store
