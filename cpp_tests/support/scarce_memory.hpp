// Memory that runs out when a test says so. Include in one file of a test program only: it replaces
// the operators.
#pragma once

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

void* operator new(std::size_t size) {
  void* const memory =
      size > groot::testing::allocation_bytes_max ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
