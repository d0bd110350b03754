// What one link is writing: the chunks taken from it and how far they are written.
//
// The link has already gathered small messages into large chunks; here a chunk is one piece of a
// gathering write, from where it is.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cnode/dist/link.hpp"

namespace groot::io {

using ei_codec::ByteView;

class WriteBatch {
 public:
  // Precondition: empty().
  void load(std::vector<dist::OutputChunk> chunks);
  // The memory that it has no use for until then. Precondition: empty().
  [[nodiscard]] std::vector<dist::OutputChunk> take_emptied();
  [[nodiscard]] bool empty() const { return next_ == pieces_.size(); }
  // What is left to write, in order; no piece is empty. Valid until the next load or consume.
  [[nodiscard]] std::span<const ByteView> pieces() const {
    return std::span<const ByteView>(pieces_).subspan(next_);
  }
  // The first `bytes` of it are written. Precondition: no more than is left.
  void consume(std::size_t bytes);

 private:
  std::vector<dist::OutputChunk> chunks_;
  std::vector<ByteView> pieces_;
  std::size_t next_ = 0;
};

}  // namespace groot::io
