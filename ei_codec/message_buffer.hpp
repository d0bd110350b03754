// Memory for one large message: filled part by part as it arrives, then read as one piece, and kept
// by whoever wants some of it for longer than a call.
//
// It takes memory as bytes arrive, not on the word of how many will. What is expected only says how
// many addresses to set aside once some megabytes have come: then the bytes need not move again,
// and the kernel can give large pages for them. Pages of 4 KiB, moved as the buffer grows, take
// longer to get than a full state takes to read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "ei_codec/bytes.hpp"

namespace groot::ei_codec {

// Shared by those who keep it; then it changes no more.
class MessageBuffer : public std::enable_shared_from_this<MessageBuffer> {
 public:
  // Bytes in all, about; it may be far from the truth.
  explicit MessageBuffer(std::size_t expected_bytes = 0) : expected_(expected_bytes) {}
  ~MessageBuffer();
  MessageBuffer(const MessageBuffer&) = delete;
  MessageBuffer& operator=(const MessageBuffer&) = delete;

  // Throws std::bad_alloc. Views of earlier bytes are invalid afterwards.
  void append(ByteView part);
  // Gives back the room that is left.
  void finish();

  [[nodiscard]] ByteView bytes() const { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void grow(std::size_t wanted);
  void reallocate(std::size_t capacity);
  bool map(std::size_t capacity);  // false: more than the system allows
  void release();

  std::size_t expected_;
  std::uint8_t* data_ = nullptr;  // from realloc or, when mapped_, from mmap
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  bool mapped_ = false;
};

}  // namespace groot::ei_codec
