// What one peer is to be sent of the registers that are held: a bit a slot, so that what is marked
// twice is sent once, and what changes before its turn is sent as it is by then.
#pragma once

#include <optional>
#include <utility>

#include "store/register_map.hpp"
#include "store/slot_bits.hpp"

namespace groot::store {

class Lacking {
 public:
  void add(Slot slot) { slots_.set(slot); }
  void add_all(Slot end) { slots_.set_all(end); }
  // The peer has it by now, or wants it no more.
  void remove(Slot slot) { slots_.clear(slot); }
  // The slot no longer holds its key, which may come to stand in another one.
  void vacated(Slot slot) {
    slots_.clear(slot);
    if (slot < next_) anew_ = true;
  }
  void clear() {
    slots_.clear_all();
    next_ = 0;
    anew_ = true;
    withheld_ = 0;
  }

  [[nodiscard]] bool any() const { return slots_.any(); }
  // The next one in turn: in the order of the slots, then again from the first on.
  [[nodiscard]] std::optional<Slot> take() {
    auto slot = slots_.next(next_);
    if (!slot) {
      slot = slots_.next(0);
      next_ = 0;
      if (!slot) return std::nullopt;
      anew_ = true;
    }
    slots_.clear(*slot);
    next_ = *slot + 1;
    return slot;
  }
  // The last one taken is left for the next time.
  void give_back(Slot slot) {
    slots_.set(slot);
    next_ = slot;
  }
  // The one taken last must not be sent to the peer. How many there were, when none is left.
  void withhold() { ++withheld_; }
  [[nodiscard]] std::size_t take_withheld() { return std::exchange(withheld_, 0); }
  // Whether a key that was taken before the last call may have been taken again since.
  [[nodiscard]] bool take_anew() { return std::exchange(anew_, false); }

 private:
  SlotBits slots_;
  Slot next_ = 0;
  bool anew_ = false;
  std::size_t withheld_ = 0;
};

}  // namespace groot::store
