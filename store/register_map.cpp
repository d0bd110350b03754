#include "store/register_map.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "ei_codec/result.hpp"
#include "store/counter.hpp"
#include "store/fingerprint.hpp"
#include "store/slot_array.hpp"
#include "store/slot_bits.hpp"

namespace groot::store {
namespace {

constexpr unsigned shard_bits = 6;

// memcmp: a comparison byte by byte would show in every look-up.
bool same_key(const Register& reg, ByteView key) {
  const ByteView held = reg.key();
  return held.size() == key.size() &&
         (key.empty() || std::memcmp(held.data(), key.data(), key.size()) == 0);
}

// Which slot holds a key. Open addressing with linear probing; 8 bytes an entry, so that even a
// large map's tables stay in the cache, and 32 bits of the hash there, so that nearly every look at
// a register is a look at the right one.
class Table {
 public:
  struct Entry {
    std::uint32_t hash = 0;
    Slot slot = free_entry;
  };

  [[nodiscard]] const Entry* find(ByteView key, std::uint32_t hash, const SlotArray& slots) const {
    if (entries_.empty()) return nullptr;
    for (std::size_t i = hash & mask();; i = (i + 1) & mask()) {
      const Entry& entry = entries_[i];
      if (entry.slot == free_entry) return nullptr;
      if (entry.hash == hash && same_key(*slots[entry.slot], key)) return &entry;
    }
  }

  // Where find starts; null while the table is empty.
  [[nodiscard]] const Entry* home(std::uint32_t hash) const {
    return entries_.empty() ? nullptr : &entries_[hash & mask()];
  }
  // The first entry with that hash, whatever its key: nearly always the one that find returns.
  [[nodiscard]] const Entry* find_hash(std::uint32_t hash) const {
    if (entries_.empty()) return nullptr;
    for (std::size_t i = hash & mask(); entries_[i].slot != free_entry; i = (i + 1) & mask()) {
      if (entries_[i].hash == hash) return &entries_[i];
    }
    return nullptr;
  }

  // Calls visit(slot) for each entry of that hash.
  template <class Visit>
  void for_each_of(std::uint32_t hash, Visit&& visit) const {
    if (entries_.empty()) return;
    for (std::size_t i = hash & mask(); entries_[i].slot != free_entry; i = (i + 1) & mask()) {
      if (entries_[i].hash == hash) visit(entries_[i].slot);
    }
  }
  // Calls visit(slot) for each entry whose hash is at least `from` and at most `to`.
  template <class Visit>
  void for_each_between(std::uint32_t from, std::uint32_t to, Visit&& visit) const {
    for (const Entry& entry : entries_) {
      if (entry.hash - from <= to - from && entry.slot != free_entry) visit(entry.slot);
    }
  }

  void reserve(std::size_t count) {
    std::size_t size = std::max(entries_.size(), size_first);
    while (count * 4 > size * 3) size *= 2;
    if (size != entries_.size()) resize(size);
  }

  // Precondition: the key is absent.
  void insert(Entry entry) {
    reserve(used_ + 1);
    place(entry);
    ++used_;
  }

  // Closes the gap, so that a search may stop at the first free entry. Precondition: `entry` is
  // one of this table's.
  void erase(const Entry* entry) {
    auto gap = static_cast<std::size_t>(entry - entries_.data());
    for (std::size_t i = (gap + 1) & mask(); entries_[i].slot != free_entry; i = (i + 1) & mask()) {
      const std::size_t home = entries_[i].hash & mask();
      // It may move back into the gap unless its home lies after the gap.
      if (((i - home) & mask()) >= ((i - gap) & mask())) {
        entries_[gap] = entries_[i];
        gap = i;
      }
    }
    entries_[gap] = Entry{};
    --used_;
  }

 private:
  static constexpr Slot free_entry = std::numeric_limits<Slot>::max();
  static constexpr std::size_t size_first = 16;

  [[nodiscard]] std::size_t mask() const { return entries_.size() - 1; }

  void place(Entry entry) {
    std::size_t i = entry.hash & mask();
    while (entries_[i].slot != free_entry) i = (i + 1) & mask();
    entries_[i] = entry;
  }

  void resize(std::size_t size) {
    std::vector<Entry> old(size);
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.slot != free_entry) place(entry);
    }
  }

  std::vector<Entry> entries_;  // a power of two
  std::size_t used_ = 0;
};

std::vector<RegisterMap::Hashed> sorted(std::vector<RegisterMap::Hashed> found) {
  std::ranges::sort(found, {}, &RegisterMap::Hashed::hash);
  return found;
}

// A cache line of its own each: readers of one shard do not slow those of another.
struct alignas(64) Shard {
  mutable std::shared_mutex mutex;  // over the table, and over the slots that it leads to
  Table table;
};

}  // namespace

// The writer alone changes anything, so it reads without locks.
struct RegisterMap::Impl {
  std::array<Shard, std::size_t{1} << shard_bits> shards;
  SlotArray slots;
  Counter size;
  Fingerprints fingerprints;  // of what counts
  SlotBits uncounted;

  // The top bits choose the shard; those after them are what its table knows of the hash, so that
  // it can be searched for ranges as well. The lowest of them choose the place within it.
  Shard& shard(std::uint64_t hash) { return shards[hash >> (64 - shard_bits)]; }
  static std::uint32_t low(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> (32 - shard_bits));
  }

  void discount(Slot slot, const Register& reg, std::uint64_t hash) {
    if (!uncounted.test(slot)) fingerprints.remove(hash, store::fingerprint(reg, hash));
  }
};

RegisterMap::RegisterMap() : impl_(std::make_unique<Impl>()) {}
RegisterMap::~RegisterMap() = default;

RegisterPtr RegisterMap::find(ByteView key) const {
  const std::uint64_t hash = hash_key(key);
  const SlotArray& slots = impl_->slots;
  const Shard& shard = impl_->shard(hash);
  const std::shared_lock lock(shard.mutex);
  const Table::Entry* entry = shard.table.find(key, Impl::low(hash), slots);
  return entry == nullptr ? RegisterPtr() : slots[entry->slot];
}

std::size_t RegisterMap::size() const {
  return impl_->size.get();
}

std::optional<RegisterMap::Found> RegisterMap::lookup(ByteView key, std::uint64_t hash) const {
  const Table::Entry* entry = impl_->shard(hash).table.find(key, Impl::low(hash), impl_->slots);
  if (entry == nullptr) return std::nullopt;
  return Found{entry->slot, impl_->slots[entry->slot].get()};
}

void RegisterMap::prefetch_entry(std::uint64_t hash) const {
  __builtin_prefetch(impl_->shard(hash).table.home(Impl::low(hash)));
}

void RegisterMap::prefetch_slot(std::uint64_t hash) const {
  if (const Table::Entry* entry = impl_->shard(hash).table.find_hash(Impl::low(hash))) {
    __builtin_prefetch(&impl_->slots[entry->slot]);
  }
}

void RegisterMap::prefetch_register(std::uint64_t hash) const {
  if (const Table::Entry* entry = impl_->shard(hash).table.find_hash(Impl::low(hash))) {
    const Register* reg = impl_->slots[entry->slot].get();
    __builtin_prefetch(reg);
    __builtin_prefetch(reg + 1);  // the key and what follows it
  }
}

void RegisterMap::reserve(std::size_t count) {
  if (count <= size()) return;
  // A few more where the keys do not spread evenly.
  const std::size_t each = count / impl_->shards.size() * 17 / 16;
  for (Shard& shard : impl_->shards) {
    const std::unique_lock lock(shard.mutex);
    shard.table.reserve(each);
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
  impl.fingerprints.add(hash, store::fingerprint(*reg, hash));
  if (found) {
    impl.discount(found->slot, *found->reg, hash);
    impl.uncounted.clear(found->slot);
    const std::unique_lock lock(shard.mutex);
    std::swap(impl.slots[found->slot], reg);
    return found->slot;  // the replaced register is freed with the argument, after the lock
  }
  const Slot slot = impl.slots.add(std::move(reg));
  impl.uncounted.clear(slot);
  const std::unique_lock lock(shard.mutex);
  shard.table.insert({Impl::low(hash), slot});
  impl.size.increment();
  return slot;
}

void RegisterMap::erase(ByteView key, std::uint64_t hash) {
  Impl& impl = *impl_;
  Shard& shard = impl.shard(hash);
  const Table::Entry* entry = shard.table.find(key, Impl::low(hash), impl.slots);
  if (entry == nullptr) return;
  const Slot slot = entry->slot;
  impl.discount(slot, *impl.slots[slot], hash);
  {
    const std::unique_lock lock(shard.mutex);
    shard.table.erase(entry);
    impl.size.decrement();
  }
  impl.slots.free(slot);  // no reader finds it any more
}

void RegisterMap::clear() {
  for (Shard& shard : impl_->shards) {
    Table old;
    const std::unique_lock lock(shard.mutex);
    std::swap(old, shard.table);
  }
  impl_->size.set(0);
  impl_->fingerprints.clear();
  impl_->uncounted.clear_all();
  impl_->slots.clear();  // no reader finds one any more
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
  impl_->discount(slot, *reg, hash_key(reg->key()));
  impl_->uncounted.set(slot);
}

void RegisterMap::count(Slot slot) {
  const Register* const reg = at(slot);
  invariant(reg != nullptr, "a slot that is not in use is counted");
  if (is_counted(slot)) return;
  const std::uint64_t hash = hash_key(reg->key());
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
  const auto take = [&](Slot slot) {
    if (impl.uncounted.test(slot)) return;
    const Register* const reg = impl.slots[slot].get();
    const std::uint64_t hash = hash_key(reg->key());
    if (hash >= range.from && hash <= range.to) found.push_back({hash, reg});
  };
  const std::size_t first = range.from >> (64 - shard_bits);
  const std::size_t last = range.to >> (64 - shard_bits);
  if (first == last && Impl::low(range.from) == Impl::low(range.to)) {
    impl.shards[first].table.for_each_of(Impl::low(range.from), take);
    return sorted(std::move(found));
  }
  for (std::size_t i = first; i <= last; ++i) {
    impl.shards[i].table.for_each_between(i == first ? Impl::low(range.from) : 0,
                                          i == last ? Impl::low(range.to) : UINT32_MAX, take);
  }
  return sorted(std::move(found));
}

}  // namespace groot::store
