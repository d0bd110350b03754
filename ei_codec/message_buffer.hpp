// Memory for one large message: filled part by part as it arrives, then read as one piece, and kept
// by whoever wants some of it for longer than a call.
//
// It grows with what has arrived, twice over at most. Memory of this size is moved by realloc, page
// by page and not byte by byte, so no single part costs more than copying it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "ei_codec/bytes.hpp"

namespace groot::ei_codec {

// Shared by those who keep it; then it changes no more.
class MessageBuffer : public std::enable_shared_from_this<MessageBuffer> {
 public:
  MessageBuffer() = default;
  MessageBuffer(const MessageBuffer&) = delete;
  MessageBuffer& operator=(const MessageBuffer&) = delete;

  // Throws std::bad_alloc. Views of earlier bytes are invalid afterwards.
  void append(ByteView part);
  // Gives back the room that is left.
  void finish();

  [[nodiscard]] ByteView bytes() const { return {data_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };

  void resize_memory(std::size_t capacity);

  std::unique_ptr<std::uint8_t, Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace groot::ei_codec
