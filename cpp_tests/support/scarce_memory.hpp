// Memory that runs out when a test says so. Include in one file of a test program only: it replaces
// the operators. ThreadSanitizer, which has its own, gets none: what needs them is left out there.
#pragma once

#if defined(__SANITIZE_THREAD__)
#define GROOT_MEMORY_CAN_BE_SCARCE 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GROOT_MEMORY_CAN_BE_SCARCE 0
#endif
#endif
#ifndef GROOT_MEMORY_CAN_BE_SCARCE
#define GROOT_MEMORY_CAN_BE_SCARCE 1

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace groot::testing {

inline std::atomic<std::size_t> allocation_bytes_max{SIZE_MAX};

// As long as it lives no allocation, in any thread, is larger than that.
class ScarceMemory {
 public:
  explicit ScarceMemory(std::size_t bytes_max) { allocation_bytes_max = bytes_max; }
  ~ScarceMemory() { allocation_bytes_max = SIZE_MAX; }
  ScarceMemory(const ScarceMemory&) = delete;
  ScarceMemory& operator=(const ScarceMemory&) = delete;
};

}  // namespace groot::testing

// The compiler must not see through these: it would miss the counterpart of free.
[[gnu::noinline]] void* operator new(std::size_t size) {
  void* const memory =
      size > groot::testing::allocation_bytes_max ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

#endif
