#include "ei_codec/message_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace groot::ei_codec {

void MessageBuffer::append(ByteView part) {
  if (part.empty()) return;
  if (capacity_ - size_ < part.size()) resize_memory(std::max(size_ + part.size(), 2 * capacity_));
  std::memcpy(data_.get() + size_, part.data(), part.size());
  size_ += part.size();
}

void MessageBuffer::finish() {
  if (capacity_ > size_ && size_ > 0) resize_memory(size_);
}

void MessageBuffer::resize_memory(std::size_t capacity) {
  void* const memory = std::realloc(data_.get(), capacity);
  if (memory == nullptr) throw std::bad_alloc();
  (void)data_.release();  // realloc has taken it
  data_.reset(static_cast<std::uint8_t*>(memory));
  capacity_ = capacity;
}

}  // namespace groot::ei_codec
