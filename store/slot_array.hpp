// The registers by slot. Adding one never moves the others, however many they are.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "ei_codec/result.hpp"
#include "store/register_map.hpp"

namespace groot::store {

class SlotArray {
 public:
  [[nodiscard]] const RegisterPtr& operator[](Slot slot) const {
    return (*chunks_[slot / chunk_size])[slot % chunk_size];
  }
  [[nodiscard]] RegisterPtr& operator[](Slot slot) {
    return (*chunks_[slot / chunk_size])[slot % chunk_size];
  }
  // One past the highest slot ever used.
  [[nodiscard]] Slot end() const { return end_; }

  Slot add(RegisterPtr reg) {
    Slot slot = end_;
    if (free_.empty()) {
      invariant(slot != std::numeric_limits<Slot>::max(), "more registers than slots");
      if (slot % chunk_size == 0) chunks_.push_back(std::make_unique<Chunk>());
      ++end_;
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    (*this)[slot] = std::move(reg);
    return slot;
  }
  [[nodiscard]] RegisterPtr free(Slot slot) {
    free_.push_back(slot);
    return std::exchange((*this)[slot], nullptr);
  }
  // Returns what holds the registers.
  [[nodiscard]] std::shared_ptr<const void> clear() {
    free_ = std::vector<Slot>();
    end_ = 0;
    return std::make_shared<Chunks>(std::exchange(chunks_, {}));
  }

 private:
  static constexpr std::size_t chunk_size = std::size_t{1} << 12;
  using Chunk = std::array<RegisterPtr, chunk_size>;
  using Chunks = std::vector<std::unique_ptr<Chunk>>;

  Chunks chunks_;
  std::vector<Slot> free_;
  Slot end_ = 0;
};

}  // namespace groot::store
