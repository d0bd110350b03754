#include "store/register_map.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>
#include <vector>

#include "ei_codec/result.hpp"
#include "store/counter.hpp"
#include "store/fingerprint.hpp"
#include "store/limits.hpp"
#include "store/register_table.hpp"
#include "store/slot_array.hpp"
#include "store/slot_bits.hpp"

namespace groot::store {
namespace {

std::vector<RegisterMap::Hashed> sorted(std::vector<RegisterMap::Hashed> found) {
  std::ranges::sort(found, {}, &RegisterMap::Hashed::hash);
  return found;
}

// Readers search its table at any time. A cache line of its own each: what the writer does in one
// does not slow the readers of another.
struct alignas(64) Shard {
  std::atomic<const Table*> table{nullptr};
  std::atomic<std::uint32_t> moves{0};  // odd while entries are being moved
  std::shared_ptr<Table> owned = std::make_shared<Table>(Table::size_first);
  std::size_t used = 0;

  Shard() { table.store(owned.get(), std::memory_order_relaxed); }
};

}  // namespace

// The writer alone changes anything.
struct RegisterMap::Impl {
  std::array<Shard, std::size_t{1} << shard_bits> shards;
  SlotArray slots;
  Counter size;
  Retired retired;
  Fingerprints fingerprints;  // of what counts
  SlotBits uncounted;

  Shard& shard(std::uint64_t hash) { return shards[hash >> (64 - shard_bits)]; }

  void discount(Slot slot, const Register& reg, std::uint64_t hash) {
    if (!uncounted.test(slot)) fingerprints.remove(hash, store::fingerprint(reg, hash));
  }

  // Readers of the old table, which is returned, go on there.
  static std::shared_ptr<const Table> exchange_table(Shard& shard, std::shared_ptr<Table> table) {
    shard.table.store(table.get(), std::memory_order_release);
    return std::exchange(shard.owned, std::move(table));
  }
  void resize(Shard& shard, std::size_t entries) {
    auto table = std::make_shared<Table>(entries);
    table->insert_all(*shard.owned);
    retired.add(exchange_table(shard, std::move(table)));
  }
};

RegisterMap::RegisterMap(const HashSecret& secret)
    : secret_(secret), impl_(std::make_unique<Impl>()) {}
RegisterMap::~RegisterMap() = default;

const Register* RegisterMap::find(const ReadSection&, ByteView key) const {
  const std::uint64_t hash = this->hash(key);
  const Shard& shard = impl_->shard(hash);
  const std::uint32_t moves = shard.moves.load(std::memory_order_acquire);
  const Table* const table = shard.table.load(std::memory_order_acquire);
  if (const Register* const reg = table->find(key, hash)) return reg;
  if (moves % 2 == 0 && shard.moves.load(std::memory_order_acquire) == moves) return nullptr;
  // It may have been on its way from one entry to another. Nobody waits for it to arrive: the
  // writer may have lost its processor on the way.
  return table->find_moving(key, hash);
}

RegisterPtr RegisterMap::find(ByteView key) const {
  const ReadSection section;
  return RegisterPtr(find(section, key));
}

void RegisterMap::prefetch(const ReadSection&, std::span<const ByteView> keys) const {
  invariant(keys.size() <= merge_batch_max, "more keys than are asked for together");
  std::array<std::uint64_t, merge_batch_max> hashes;
  const auto table_of = [this](std::uint64_t hash) {
    return impl_->shard(hash).table.load(std::memory_order_acquire);
  };
  for (std::size_t i = 0; i < keys.size(); ++i) {
    hashes[i] = hash(keys[i]);
    table_of(hashes[i])->prefetch_entry(hashes[i]);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    table_of(hashes[i])->prefetch_register(hashes[i]);
  }
}

std::size_t RegisterMap::size() const {
  return impl_->size.get();
}

std::optional<RegisterMap::Found> RegisterMap::lookup(ByteView key, std::uint64_t hash) const {
  const Register* const reg = impl_->shard(hash).owned->find(key, hash);
  if (reg == nullptr) return std::nullopt;
  return Found{reg->slot_, reg};
}

void RegisterMap::prefetch_entry(std::uint64_t hash) const {
  impl_->shard(hash).owned->prefetch_entry(hash);
}

void RegisterMap::prefetch_register(std::uint64_t hash) const {
  impl_->shard(hash).owned->prefetch_register(hash);
}

void RegisterMap::reserve(std::size_t count) {
  if (count <= size()) return;
  // A few more where the keys do not spread evenly.
  const std::size_t each = Table::size_for(count / impl_->shards.size() * 17 / 16);
  for (Shard& shard : impl_->shards) {
    if (each > shard.owned->size()) impl_->resize(shard, each);
  }
}

Slot RegisterMap::put(RegisterPtr reg, std::uint64_t hash) {
  invariant(reg != nullptr, "a null register is put into the map");
  const auto found = lookup(reg->key(), hash);
  return put(std::move(reg), hash, found);
}

Slot RegisterMap::put(RegisterPtr reg, std::uint64_t hash, const std::optional<Found>& found) {
  Impl& impl = *impl_;
  Shard& shard = impl.shard(hash);
  const Register* const added = reg.get();
  impl.fingerprints.add(hash, store::fingerprint(*added, hash));
  added->hash_ = static_cast<std::uint32_t>(hash);
  if (found) {
    const Slot slot = found->slot;
    impl.discount(slot, *found->reg, hash);
    impl.uncounted.clear(slot);
    added->slot_ = slot;
    shard.owned->replace(found->reg, added, hash);
    impl.retired.add(std::exchange(impl.slots[slot], std::move(reg)));
    return slot;
  }
  const Slot slot = impl.slots.add(std::move(reg));
  impl.uncounted.clear(slot);
  added->slot_ = slot;
  if (const std::size_t size = Table::size_for(shard.used + 1); size > shard.owned->size()) {
    impl.resize(shard, size);
  }
  shard.owned->insert(added, hash);
  ++shard.used;
  impl.size.increment();
  return slot;
}

void RegisterMap::erase(ByteView key, std::uint64_t hash) {
  const auto found = lookup(key, hash);
  if (!found) return;
  Impl& impl = *impl_;
  Shard& shard = impl.shard(hash);
  impl.discount(found->slot, *found->reg, hash);
  shard.moves.store(shard.moves.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  shard.owned->erase(found->reg, hash);
  shard.moves.store(shard.moves.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  --shard.used;
  impl.size.decrement();
  impl.retired.add(impl.slots.free(found->slot));
  // Only when it has become far too large: keys that come and go must not pay for it.
  if (shard.owned->size() > 8 * Table::size_for(shard.used)) {
    impl.resize(shard, 2 * Table::size_for(shard.used));
  }
  if (impl.size.get() == 0) {
    static_cast<void>(impl.slots.clear());
    impl.retired.flush();
  }
}

void RegisterMap::clear() {
  Impl& impl = *impl_;
  auto tables = std::make_shared<std::vector<std::shared_ptr<const Table>>>();
  for (Shard& shard : impl.shards) {
    shard.used = 0;
    tables->push_back(Impl::exchange_table(shard, std::make_shared<Table>(Table::size_first)));
  }
  impl.size.set(0);
  impl.fingerprints.clear();
  impl.uncounted.clear_all();
  impl.retired.add(std::move(tables));
  impl.retired.add(impl.slots.clear());
}

const Register* RegisterMap::at(Slot slot) const {
  return slot < impl_->slots.end() ? impl_->slots[slot].get() : nullptr;
}

Slot RegisterMap::slot_end() const {
  return impl_->slots.end();
}

void RegisterMap::for_each(const std::function<void(Slot, const RegisterPtr&)>& visit) const {
  const SlotArray& slots = impl_->slots;
  for (Slot slot = 0; slot < slots.end(); ++slot) {
    if (slots[slot]) visit(slot, slots[slot]);
  }
}

void RegisterMap::uncount(Slot slot) {
  const Register* const reg = at(slot);
  invariant(reg != nullptr, "a slot that is not in use is uncounted");
  impl_->discount(slot, *reg, hash(reg->key()));
  impl_->uncounted.set(slot);
}

void RegisterMap::count(Slot slot) {
  const Register* const reg = at(slot);
  invariant(reg != nullptr, "a slot that is not in use is counted");
  if (is_counted(slot)) return;
  const std::uint64_t hash = this->hash(reg->key());
  impl_->fingerprints.add(hash, store::fingerprint(*reg, hash));
  impl_->uncounted.clear(slot);
}

bool RegisterMap::is_counted(Slot slot) const {
  return !impl_->uncounted.test(slot);
}

std::uint64_t RegisterMap::fingerprint(const Prefix& prefix) const {
  return impl_->fingerprints.of(prefix);
}

std::vector<RegisterMap::Hashed> RegisterMap::within(const HashRange& range) const {
  const Impl& impl = *impl_;
  std::vector<Hashed> found;
  const auto take = [&](const Register& reg) {
    if (impl.uncounted.test(reg.slot_)) return;
    const std::uint64_t hash = this->hash(reg.key());
    if (hash >= range.from && hash <= range.to) found.push_back({hash, &reg});
  };
  const std::size_t first = range.from >> (64 - shard_bits);
  const std::size_t last = range.to >> (64 - shard_bits);
  if (range.from == range.to) {
    impl.shards[first].owned->for_each_like(range.from, take);
    return found;
  }
  for (std::size_t i = first; i <= last; ++i) {
    impl.shards[i].owned->for_each_between(i == first ? range.from : 0,
                                           i == last ? range.to : UINT64_MAX, take);
  }
  return sorted(std::move(found));
}

}  // namespace groot::store
