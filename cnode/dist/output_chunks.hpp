// What is to be written to one socket: bytes of the link's own, and bytes that it shares.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "cnode/dist/limits.hpp"
#include "ei_codec/bytes.hpp"
#include "ei_codec/shared_message.hpp"

namespace groot::dist {

using ei_codec::Bytes;
using ei_codec::ByteView;
using ei_codec::SharedMessage;
using ei_codec::SharedPiece;

// Bytes to write, in order; `shared` stands for itself when set (a message many links send).
struct OutputChunk {
  Bytes owned;
  SharedPiece shared;
  [[nodiscard]] ByteView view() const { return shared.owner ? shared.bytes : ByteView(owned); }
};

// Gathers small pieces into large chunks, and leaves large ones where they are, as well as a small
// one while it is all there is.
class OutputChunks {
 public:
  // The last chunk when more may be appended to it, or a new one.
  Bytes& open() {
    if (chunks_.empty() || is_full(chunks_.back())) chunks_.emplace_back();
    OutputChunk& last = chunks_.back();
    if (last.shared.owner) {
      last.owned.assign(last.shared.bytes.begin(), last.shared.bytes.end());
      last.shared = nullptr;
    }
    return last.owned;
  }
  void append(const SharedPiece& piece) {
    if (piece.bytes.empty()) return;
    if (chunks_.empty() || piece.bytes.size() > copied_message_bytes_max) {
      chunks_.push_back({.owned = {}, .shared = piece});
    } else {
      Bytes& chunk = open();
      chunk.insert(chunk.end(), piece.bytes.begin(), piece.bytes.end());
    }
  }
  [[nodiscard]] bool empty() const { return chunks_.empty(); }
  void clear() { chunks_.clear(); }
  // `emptied` is where the next ones are put.
  [[nodiscard]] std::vector<OutputChunk> take(std::vector<OutputChunk> emptied = {}) {
    return std::exchange(chunks_, std::move(emptied));
  }

 private:
  [[nodiscard]] static bool is_full(const OutputChunk& chunk) {
    return chunk.view().size() >=
           (chunk.shared.owner ? copied_message_bytes_max + 1 : output_chunk_bytes);
  }

  std::vector<OutputChunk> chunks_;
};

}  // namespace groot::dist
