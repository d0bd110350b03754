// Cuts a byte stream into frames: a length of 2 bytes during the handshake, of 4 afterwards, then
// that many bytes (distribution.md sections 2 and 4).
//
// A frame that lies whole in the bytes fed is handed out in place; only what is cut by the end of
// the bytes is copied. Memory grows with the bytes that arrive, not with the length they claim.
#pragma once

#include <cstddef>
#include <optional>

#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"

namespace groot::dist {

class FrameReader {
 public:
  // Precondition: 2 or 4 bytes of length.
  FrameReader(std::size_t length_bytes, std::size_t bytes_max);

  // For the frames that follow; those handed out already stay as they are.
  void set_framing(std::size_t length_bytes, std::size_t bytes_max);

  // The bytes must stay valid until next() returned nothing or keep() was called, whichever first.
  void feed(ei_codec::ByteView bytes);

  // The next frame without its length, valid until the next call of any function; empty for a
  // frame of length 0. Nothing: more bytes are needed. Error: frame_too_large; the stream is lost.
  [[nodiscard]] Result<std::optional<ei_codec::ByteView>> next();

  // Copies what is left of the bytes fed, for a reader that stops between two frames.
  void keep();

  // Bytes held back for a frame that is not whole yet.
  [[nodiscard]] std::size_t buffered_bytes() const { return stored_.size() - begin_; }

 private:
  [[nodiscard]] std::size_t read_length(ei_codec::ByteView header) const;
  // Moves bytes from fed_ to stored_ until that many unread ones are there, or fed_ is empty.
  bool store(std::size_t wanted);
  void forget_read();

  std::size_t length_bytes_;
  std::size_t bytes_max_;
  // The stream's unread bytes are stored_ from begin_ on, then fed_.
  ei_codec::Bytes stored_;
  std::size_t begin_ = 0;
  ei_codec::ByteView fed_;
};

}  // namespace groot::dist
