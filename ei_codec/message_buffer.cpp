#include "ei_codec/message_buffer.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>

namespace groot::ei_codec {

namespace {

// From here on a buffer lies in a mapping of its own.
constexpr std::size_t mapped_bytes_min = std::size_t{4} << 20;
constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t page = 4'096;

std::size_t round_up(std::size_t size, std::size_t unit) {
  return (size + unit - 1) / unit * unit;
}

// Addresses only: memory comes with the first byte written to a page.
std::uint8_t* map_memory(std::size_t size) {
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  // A wish: the bytes are the same whatever it is answered.
  madvise(memory, size, MADV_HUGEPAGE);
  return static_cast<std::uint8_t*>(memory);
}

}  // namespace

MessageBuffer::~MessageBuffer() {
  release();
}

void MessageBuffer::append(ByteView part) {
  if (part.empty()) return;
  if (capacity_ - size_ < part.size()) grow(size_ + part.size());
  std::memcpy(data_ + size_, part.data(), part.size());
  size_ += part.size();
}

void MessageBuffer::finish() {
  if (size_ == 0) return;
  if (!mapped_) return reallocate(size_);
  const std::size_t kept = round_up(size_, page);
  if (kept < capacity_) munmap(data_ + kept, capacity_ - kept);
  capacity_ = kept;
}

void MessageBuffer::grow(std::size_t wanted) {
  const std::size_t roomy = std::max(wanted, 2 * capacity_);
  if (roomy < mapped_bytes_min) return reallocate(roomy);
  if (map(std::max(roomy, expected_)) || map(wanted)) return;
  throw std::bad_alloc();
}

void MessageBuffer::reallocate(std::size_t capacity) {
  void* const memory = std::realloc(data_, capacity);
  if (memory == nullptr) throw std::bad_alloc();
  data_ = static_cast<std::uint8_t*>(memory);
  capacity_ = capacity;
}

bool MessageBuffer::map(std::size_t capacity) {
  capacity = round_up(capacity, huge_page);
  std::uint8_t* const memory = map_memory(capacity);
  if (memory == nullptr) return false;
  if (size_ > 0) std::memcpy(memory, data_, size_);
  release();
  data_ = memory;
  capacity_ = capacity;
  mapped_ = true;
  return true;
}

void MessageBuffer::release() {
  if (mapped_) {
    munmap(data_, capacity_);
  } else {
    std::free(data_);
  }
}

}  // namespace groot::ei_codec
