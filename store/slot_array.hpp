// The registers by slot, at addresses that stay: readers follow a slot while the writer adds more.
//
// No locks of its own. The writer may add and take slots that no reader can know of; a slot that
// readers can find is changed under the lock that they find it under.
#pragma once

#include <array>
#include <cstddef>
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
      invariant(slot / chunk_size < chunks_.size(), "more registers than slots");
      if (slot % chunk_size == 0) chunks_[slot / chunk_size] = std::make_unique<Chunk>();
      ++end_;
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    (*this)[slot] = std::move(reg);
    return slot;
  }
  void free(Slot slot) {
    (*this)[slot] = nullptr;
    free_.push_back(slot);
  }
  void clear() {
    for (auto& chunk : chunks_) chunk.reset();
    free_.clear();
    end_ = 0;
  }

 private:
  // 2^12 registers a chunk, 2^16 chunks: 268 million registers, of which each has 40 bytes and
  // more.
  static constexpr std::size_t chunk_size = std::size_t{1} << 12;
  using Chunk = std::array<RegisterPtr, chunk_size>;

  std::vector<std::unique_ptr<Chunk>> chunks_ =
      std::vector<std::unique_ptr<Chunk>>(std::size_t{1} << 16);
  std::vector<Slot> free_;
  Slot end_ = 0;
};

}  // namespace groot::store
