// The registers by key: one writer at a time, any number of readers at any time, from any thread.
//
// Readers take no lock and count nothing: they search tables that the writer changes entry by
// entry, and what the writer takes out stays in memory for as long as a reader may look at it
// (epoch.hpp). The tables are 64, by the key's hash, so that none takes long to grow. The writer
// side (put, erase, for_each) belongs to the Replica, under the replica's own lock. A register is
// in one map at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "store/epoch.hpp"
#include "store/hash_key.hpp"
#include "store/hash_range.hpp"
#include "store/register.hpp"

namespace groot::store {

// Stable while the key is in the map; reused after erase. Dense: suits a bitmap per peer.
using Slot = std::uint32_t;

class RegisterMap {
 public:
  explicit RegisterMap(const HashSecret& secret = {});
  ~RegisterMap();
  RegisterMap(const RegisterMap&) = delete;
  RegisterMap& operator=(const RegisterMap&) = delete;

  // Any thread. Null when absent. The register may be a tombstone or past its deadline; it is there
  // until the section ends.
  [[nodiscard]] const Register* find(const ReadSection& section, ByteView key) const;
  // The same, to be kept.
  [[nodiscard]] RegisterPtr find(ByteView key) const;
  // Any thread. Asks the registers of these keys into the cache, all at once, before they are
  // looked for one by one: where they are far apart, they are waited for together. At most
  // merge_batch_max.
  void prefetch(const ReadSection& section, std::span<const ByteView> keys) const;
  // Any thread. Tombstones included.
  [[nodiscard]] std::size_t size() const;

  // Any thread. Who does not know the secret cannot choose keys that share a hash.
  [[nodiscard]] std::uint64_t hash(ByteView key) const { return hash_key(key, secret_); }

  // Writer only, from here on. `hash` is that of the key.
  struct Found {
    Slot slot;
    const Register* reg;  // valid until the key's next put or erase
  };
  [[nodiscard]] std::optional<Found> lookup(ByteView key, std::uint64_t hash) const;
  // What lookup will read for this hash, asked into the cache ahead: its entry, then the register
  // that the entry leads to. The second step reads what the first asked for, so many keys take the
  // first step before any takes the second.
  void prefetch_entry(std::uint64_t hash) const;
  void prefetch_register(std::uint64_t hash) const;
  // Room for `count` registers in all: the tables need not grow on the way there.
  void reserve(std::size_t count);
  // Inserts, or replaces the register of the same key. Precondition: reg is not null.
  Slot put(RegisterPtr reg, std::uint64_t hash);
  // The same with what lookup has just found of it.
  Slot put(RegisterPtr reg, std::uint64_t hash, const std::optional<Found>& found);
  // Nothing happens when the key is absent.
  void erase(ByteView key, std::uint64_t hash);
  void clear();
  // Null when the slot is not in use.
  [[nodiscard]] const Register* at(Slot slot) const;
  [[nodiscard]] Slot slot_end() const;  // one past the highest slot ever used since clear
  void for_each(const std::function<void(Slot, const RegisterPtr&)>& visit) const;

  // ---- for comparison with the registers of another replica; writer only ----

  struct Hashed {
    std::uint64_t hash;
    const Register* reg;  // valid until the next put or erase
  };
  // Every register counts but those that are taken out, by their slots: until they are counted in
  // again, or the slot's next put. Precondition: the slot is in use.
  void uncount(Slot slot);
  void count(Slot slot);
  [[nodiscard]] bool is_counted(Slot slot) const;
  // The fingerprint of those that count. Precondition: prefix.depth <= bucket_bits.
  [[nodiscard]] std::uint64_t fingerprint(const Prefix& prefix) const;
  // Those that count, by rising hash. Reads the tables of all shards (a 64th of all keys each) that
  // the range touches, and the registers found; for a range of one hash, only these.
  [[nodiscard]] std::vector<Hashed> within(const HashRange& range) const;

 private:
  struct Impl;
  HashSecret secret_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace groot::store
