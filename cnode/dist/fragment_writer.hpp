// Cuts one message into fragments, one at a time: see fragment_reader.hpp for their form.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cnode/dist/output_chunks.hpp"
#include "ei_codec/shared_message.hpp"

namespace groot::dist {

class FragmentWriter {
 public:
  // `control` is an encoded control tuple shorter than fragment_bytes, `message` what follows it.
  // `sequence` is not 0, and that of no other message under way on the link.
  FragmentWriter(std::uint64_t sequence, const Bytes& control, const SharedMessage& message);

  // True when everything has been written.
  [[nodiscard]] bool done() const { return next_id_ == 0; }
  // Bytes of all frames that are still to come, with their lengths.
  [[nodiscard]] std::size_t bytes_left() const;
  // Appends the next frame. Precondition: !done().
  void write(OutputChunks& out);

 private:
  std::uint64_t sequence_;
  bool begun_ = false;
  std::uint64_t next_id_;
  std::size_t left_;  // bytes of the control tuple and the message that are still to come
  std::array<SharedPiece, 4> pieces_;
  std::size_t piece_ = 0;    // the first that is not written whole
  std::size_t written_ = 0;  // of that one
};

}  // namespace groot::dist
