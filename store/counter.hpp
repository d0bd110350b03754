// A number that one thread at a time changes and that any thread reads: no read-modify-write, which
// would cost the writer several times as much.
#pragma once

#include <atomic>
#include <cstddef>

namespace groot::store {

class Counter {
 public:
  [[nodiscard]] std::size_t get() const { return value_.load(std::memory_order_relaxed); }
  void set(std::size_t value) { value_.store(value, std::memory_order_relaxed); }
  void increment() { set(get() + 1); }
  void decrement() { set(get() - 1); }

 private:
  std::atomic<std::size_t> value_{0};
};

}  // namespace groot::store
