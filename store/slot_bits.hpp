// One bit a slot, growing on demand; bits past the end are clear.
#pragma once

#include <cstddef>
#include <cstdint>
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

 private:
  static std::uint64_t mask(Slot slot) { return std::uint64_t{1} << (slot % 64); }
  std::vector<std::uint64_t> words_;
};

}  // namespace groot::store
