// Which register holds a key: one shard's part of a map, which readers search while the writer
// changes it.
//
// Open addressing with linear probing. An entry is one word: the register's address and, in the
// bits that addresses leave, 16 bits of the hash, so that nearly every look at a register is a look
// at the right one. A reader finds a register that was there, or misses one that is being moved
// (erase): the map looks again then, against the way that registers move.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "ei_codec/result.hpp"
#include "store/register.hpp"
#include "store/slab_allocator.hpp"

namespace groot::store {

// The top bits of a hash choose the shard, the next ones are the entry's, the low half says where
// in the table the entry is.
inline constexpr unsigned shard_bits = 6;

class Table {
 public:
  static constexpr std::size_t size_first = 16;

  // `size` entries: a power of two, of which three quarters may be used.
  explicit Table(std::size_t size)
      : entries_(
            static_cast<std::atomic<Word>*>(slabs().allocate(size * sizeof(std::atomic<Word>)))),
        mask_(size - 1) {
    std::uninitialized_value_construct_n(entries_, size);
  }
  ~Table() { slabs().free(entries_, size() * sizeof(std::atomic<Word>)); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  [[nodiscard]] std::size_t size() const { return mask_ + 1; }
  [[nodiscard]] static std::size_t size_for(std::size_t count) {
    std::size_t size = size_first;
    while (count * 4 > size * 3) size *= 2;
    return size;
  }

  // ---- any thread, in a ReadSection ----

  // The register of the key; null when there is none, or when it is being moved.
  [[nodiscard]] const Register* find(ByteView key, std::uint64_t hash) const {
    const Word tag = tag_of(hash);
    for (std::size_t i = place(hash);; i = next(i)) {
      const Word word = entries_[i].load(std::memory_order_acquire);
      if (word == 0) return nullptr;
      if (word >> address_bits != tag) continue;
      const Register* const reg = register_of(word);
      // The value may begin a line further than the key: asked for before its place is known.
      __builtin_prefetch(reinterpret_cast<const std::uint8_t*>(reg + 1) + 48);
      if (ei_codec::same_bytes(reg->key(), key)) return reg;
    }
  }

  // The same, and what is being moved is found, too. A register moves towards its home only, and
  // leaves an entry when it stands in the next one already; up to its own entry none is free. So
  // who goes from the first free entry to the home meets it.
  [[nodiscard]] const Register* find_moving(ByteView key, std::uint64_t hash) const {
    const std::size_t home = place(hash);
    std::size_t i = home;
    while (entries_[i].load(std::memory_order_acquire) != 0) i = next(i);
    while (i != home) {
      i = (i - 1) & mask_;
      const Word word = entries_[i].load(std::memory_order_acquire);
      if (word == 0 || word >> address_bits != tag_of(hash)) continue;
      const Register* const reg = register_of(word);
      if (ei_codec::same_bytes(reg->key(), key)) return reg;
    }
    return nullptr;
  }

  // Asks the cache for the entry that find starts with; then, of that, for the first register that
  // may be the one.
  void prefetch_entry(std::uint64_t hash) const { __builtin_prefetch(&entries_[place(hash)]); }
  void prefetch_register(std::uint64_t hash) const {
    for (std::size_t i = place(hash);; i = next(i)) {
      const Word word = entries_[i].load(std::memory_order_relaxed);
      if (word == 0) return;
      if (word >> address_bits != tag_of(hash)) continue;
      __builtin_prefetch(register_of(word));
      __builtin_prefetch(register_of(word) + 1);  // the key and what follows it
      return;
    }
  }

  // ---- the writer ----

  // Precondition: the key is absent, and there is room.
  void insert(const Register* reg, std::uint64_t hash) {
    put_free(word_of(reg, hash), place(hash));
  }
  // Precondition: `held` is in the table, and of the same key.
  void replace(const Register* held, const Register* reg, std::uint64_t hash) {
    entries_[index_of(held, hash)].store(word_of(reg, hash), std::memory_order_release);
  }
  // Closes the gap, so that a search may stop at the first free entry. Precondition: `held` is in
  // the table.
  void erase(const Register* held, std::uint64_t hash) {
    std::size_t gap = index_of(held, hash);
    for (std::size_t i = next(gap);; i = next(i)) {
      const Word word = entries_[i].load(std::memory_order_relaxed);
      if (word == 0) break;
      // It may move back into the gap unless its home lies after the gap.
      const std::size_t home = hash_of(*register_of(word)) & mask_;
      if (((i - home) & mask_) >= ((i - gap) & mask_)) {
        entries_[gap].store(word, std::memory_order_release);
        gap = i;
      }
    }
    entries_[gap].store(0, std::memory_order_release);
  }
  // Enters all of `other`. Precondition: this one is empty, and has room.
  void insert_all(const Table& other) {
    constexpr std::size_t ahead = 8;
    for (std::size_t i = 0; i < other.size(); ++i) {
      const Word later = other.entries_[(i + ahead) & other.mask_].load(std::memory_order_relaxed);
      __builtin_prefetch(register_of(later));
      const Word word = other.entries_[i].load(std::memory_order_relaxed);
      if (word != 0) put_free(word, hash_of(*register_of(word)) & mask_);
    }
  }
  // Calls visit(register) for each whose hash may be this one.
  template <class Visit>
  void for_each_like(std::uint64_t hash, Visit&& visit) const {
    for (std::size_t i = place(hash);; i = next(i)) {
      const Word word = entries_[i].load(std::memory_order_relaxed);
      if (word == 0) return;
      if (word >> address_bits == tag_of(hash)) visit(*register_of(word));
    }
  }
  // Calls visit(register) for each whose hash may be from `from` to `to`, and few others.
  // Precondition: both are of this shard.
  template <class Visit>
  void for_each_between(std::uint64_t from, std::uint64_t to, Visit&& visit) const {
    const Word first = tag_of(from);
    const Word last = tag_of(to);
    for (std::size_t i = 0; i < size(); ++i) {
      const Word word = entries_[i].load(std::memory_order_relaxed);
      const Word tag = word >> address_bits;
      if (word != 0 && tag >= first && tag <= last) visit(*register_of(word));
    }
  }

 private:
  using Word = std::uint64_t;  // 0: free
  static constexpr unsigned address_bits = 48;

  static Word tag_of(std::uint64_t hash) { return (hash << shard_bits) >> address_bits; }
  static std::uint32_t hash_of(const Register& reg) { return reg.hash_; }
  static const Register* register_of(Word word) {
    return reinterpret_cast<const Register*>(word & ((Word{1} << address_bits) - 1));
  }
  static Word word_of(const Register* reg, std::uint64_t hash) {
    const auto address = reinterpret_cast<std::uintptr_t>(reg);
    invariant(address >> address_bits == 0, "addresses of more than 48 bits");
    return tag_of(hash) << address_bits | address;
  }
  [[nodiscard]] std::size_t place(std::uint64_t hash) const {
    return static_cast<std::uint32_t>(hash) & mask_;
  }
  [[nodiscard]] std::size_t next(std::size_t i) const { return (i + 1) & mask_; }
  [[nodiscard]] std::size_t index_of(const Register* held, std::uint64_t hash) const {
    const Word word = word_of(held, hash);
    std::size_t i = place(hash);
    while (entries_[i].load(std::memory_order_relaxed) != word) i = next(i);
    return i;
  }
  void put_free(Word word, std::size_t i) {
    while (entries_[i].load(std::memory_order_relaxed) != 0) i = next(i);
    entries_[i].store(word, std::memory_order_release);
  }

  std::atomic<Word>* entries_;
  std::size_t mask_;
};

}  // namespace groot::store
