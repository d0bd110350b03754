// Epochs: readers follow pointers without locks and without counting, and what the writer takes out
// of their way is freed once no reader can hold it any more.
//
// A reader notes the epoch in which it began; what is retired carries the epoch in which it was
// taken out; it is freed when all who read began later. Readers pay two plain stores: the writer,
// who frees many at a time, has the kernel put the barrier that this takes on every processor
// (membarrier(2)). Where the kernel refuses, from the start or later on (a seccomp filter, no
// memory), readers put it themselves.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "store/register.hpp"

namespace groot::store {

namespace epoch {

// One a thread, a cache line of its own. Never freed; used again when its thread has ended.
struct alignas(64) Reader {
  std::atomic<std::uint64_t> began{0};  // 0: reads nothing
  std::atomic<bool> in_use{true};
  Reader* next = nullptr;
};

inline std::atomic<std::uint64_t> current{1};
inline std::atomic<bool> readers_fence{true};
inline constinit thread_local Reader* this_thread = nullptr;

// Makes this_thread.
Reader& enlist();

}  // namespace epoch

// While it lives, nothing that was to be found when it began is freed. Short: the writer's memory
// grows meanwhile. Any thread; may be nested.
class ReadSection {
 public:
  ReadSection() : reader_(epoch::this_thread == nullptr ? epoch::enlist() : *epoch::this_thread) {
    before_ = reader_.began.load(std::memory_order_relaxed);
    if (before_ == 0) {
      reader_.began.store(epoch::current.load(std::memory_order_acquire),
                          std::memory_order_relaxed);
    }
    // In this order: see full_barrier.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (epoch::readers_fence.load(std::memory_order_relaxed)) {
      std::atomic_thread_fence(std::memory_order_seq_cst);
    } else {
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
  }
  ~ReadSection() { reader_.began.store(before_, std::memory_order_release); }
  ReadSection(const ReadSection&) = delete;
  ReadSection& operator=(const ReadSection&) = delete;

 private:
  epoch::Reader& reader_;
  std::uint64_t before_;
};

// What one writer has taken out and not freed yet: for as long as somebody reads what is older, and
// otherwise some hundred small registers. One thread at a time. When it is destroyed nobody may be
// reading what is in it.
class Retired {
 public:
  Retired();

  // Precondition: readers find it no more.
  void add(RegisterPtr reg);
  void add(std::shared_ptr<const void> memory);

  // Frees what may be freed now, and begins a new epoch.
  void flush();

  // Registers and other memory that is not freed yet.
  [[nodiscard]] std::size_t count() const;

 private:
  struct Batch {
    std::vector<RegisterPtr> registers;
    std::vector<std::shared_ptr<const void>> others;
    std::uint64_t epoch = 0;  // in which the last of it was taken out
  };

  Batch filling_;
  std::size_t filling_bytes_ = 0;
  std::vector<Batch> full_;
};

}  // namespace groot::store
