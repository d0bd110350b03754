#include "cnode/io/write_batch.hpp"

#include <utility>

namespace groot::io {

namespace {

constexpr std::size_t kept_chunks_max = 16;

}  // namespace

void WriteBatch::load(std::vector<dist::OutputChunk> chunks) {
  invariant(empty(), "a write batch is loaded before the last one is written");
  chunks_ = std::move(chunks);
  pieces_.clear();
  next_ = 0;
  for (const auto& chunk : chunks_) {
    if (!chunk.view().empty()) pieces_.push_back(chunk.view());
  }
}

std::vector<dist::OutputChunk> WriteBatch::take_emptied() {
  invariant(empty(), "what is being written is not given away");
  // What a rare large write took is given back.
  if (chunks_.capacity() > kept_chunks_max) return {};
  return std::exchange(chunks_, {});
}

void WriteBatch::consume(std::size_t bytes) {
  while (bytes > 0) {
    invariant(!empty(), "more bytes written than were given");
    ByteView& piece = pieces_[next_];
    if (bytes < piece.size()) {
      piece = piece.subspan(bytes);
      return;
    }
    bytes -= piece.size();
    ++next_;
  }
  if (empty()) chunks_.clear();
}

}  // namespace groot::io
