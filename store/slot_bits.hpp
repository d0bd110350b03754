// One bit a slot, growing on demand; bits past the end are clear.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/register_map.hpp"

namespace groot::store {

class SlotBits {
 public:
  [[nodiscard]] bool test(Slot slot) const {
    return slot / 64 < words_.size() && (words_[slot / 64] & mask(slot)) != 0;
  }
  void set(Slot slot) {
    if (slot / 64 >= words_.size()) words_.resize(slot / 64 + 1);
    words_[slot / 64] |= mask(slot);
  }
  void clear(Slot slot) {
    if (slot / 64 < words_.size()) words_[slot / 64] &= ~mask(slot);
  }
  void clear_all() { words_.clear(); }
  // All below `end`.
  void set_all(Slot end) {
    if (words_.size() < end / 64) words_.resize(end / 64);
    std::fill_n(words_.begin(), end / 64, ~std::uint64_t{0});
    for (Slot slot = end / 64 * 64; slot < end; ++slot) set(slot);
  }
  // The first that is set, from `from` on.
  [[nodiscard]] std::optional<Slot> next(Slot from) const {
    std::size_t word = from / 64;
    if (word >= words_.size()) return std::nullopt;
    std::uint64_t left = words_[word] & (~std::uint64_t{0} << (from % 64));
    while (left == 0) {
      if (++word == words_.size()) return std::nullopt;
      left = words_[word];
    }
    return static_cast<Slot>(word * 64 + static_cast<std::size_t>(std::countr_zero(left)));
  }
  // Clears the slots of which `keep` says no.
  template <class Keep>
  void keep_if(Keep&& keep) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t left = words_[i]; left != 0; left &= left - 1) {
        const auto slot = static_cast<Slot>(64 * i + static_cast<unsigned>(std::countr_zero(left)));
        if (!keep(slot)) clear(slot);
      }
    }
  }
  [[nodiscard]] bool any() const {
    return std::ranges::any_of(words_, [](std::uint64_t word) { return word != 0; });
  }

 private:
  static std::uint64_t mask(Slot slot) { return std::uint64_t{1} << (slot % 64); }
  std::vector<std::uint64_t> words_;
};

}  // namespace groot::store
