#include "cnode/dist/frame_reader.hpp"

#include <algorithm>
#include <string>

#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/limits.hpp"

namespace groot::dist {

using ei_codec::Bytes;
using ei_codec::ByteView;

FrameReader::FrameReader(std::size_t length_bytes, std::size_t bytes_max)
    : length_bytes_(length_bytes), bytes_max_(bytes_max) {
  invariant(length_bytes == 2 || length_bytes == 4, "frames have 2 or 4 bytes of length");
}

void FrameReader::set_framing(std::size_t length_bytes, std::size_t bytes_max) {
  invariant(length_bytes == 2 || length_bytes == 4, "frames have 2 or 4 bytes of length");
  length_bytes_ = length_bytes;
  bytes_max_ = bytes_max;
}

void FrameReader::feed(ByteView bytes) {
  keep();
  fed_ = bytes;
}

Result<std::optional<ByteView>> FrameReader::next() {
  forget_read();
  ByteView frame;
  if (stored_.empty()) {
    if (fed_.size() < length_bytes_) {
      keep();
      return std::optional<ByteView>();
    }
    const std::size_t length = read_length(fed_);
    if (length > bytes_max_) {
      return {dist_errc::frame_too_large, std::to_string(length) + " bytes"};
    }
    if (fed_.size() - length_bytes_ >= length) {
      frame = fed_.subspan(length_bytes_, length);
      fed_ = fed_.subspan(length_bytes_ + length);
      return std::optional<ByteView>(frame);
    }
  }
  if (!store(length_bytes_)) return std::optional<ByteView>();
  const std::size_t length = read_length(stored_);
  if (length > bytes_max_) {
    return {dist_errc::frame_too_large, std::to_string(length) + " bytes"};
  }
  if (!store(length_bytes_ + length)) return std::optional<ByteView>();
  frame = ByteView(stored_).subspan(length_bytes_, length);
  begin_ = length_bytes_ + length;
  return std::optional<ByteView>(frame);
}

void FrameReader::keep() {
  if (fed_.empty()) return;
  forget_read();
  store(stored_.size() + fed_.size());
}

std::size_t FrameReader::read_length(ByteView header) const {
  std::size_t length = 0;
  for (const std::uint8_t byte : header.first(length_bytes_)) length = length << 8 | byte;
  return length;
}

bool FrameReader::store(std::size_t wanted) {
  if (stored_.size() >= wanted) return true;
  const std::size_t taken = std::min(wanted - stored_.size(), fed_.size());
  const std::size_t size = stored_.size() + taken;
  if (stored_.capacity() < size) {
    // Twice what is there, but no more than the frame will need.
    stored_.reserve(std::max(size, std::min(wanted, 2 * stored_.capacity())));
  }
  const ByteView bytes = fed_.first(taken);
  stored_.insert(stored_.end(), bytes.begin(), bytes.end());
  fed_ = fed_.subspan(taken);
  return stored_.size() == wanted;
}

void FrameReader::forget_read() {
  if (begin_ == 0) return;
  if (begin_ == stored_.size() && stored_.capacity() > kept_buffer_bytes_max) {
    stored_ = Bytes();
  } else {
    stored_.erase(stored_.begin(), stored_.begin() + static_cast<std::ptrdiff_t>(begin_));
  }
  begin_ = 0;
}

}  // namespace groot::dist
