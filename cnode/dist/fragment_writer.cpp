#include "cnode/dist/fragment_writer.hpp"

#include <algorithm>
#include <utility>

#include "cnode/dist/limits.hpp"
#include "cnode/dist/operation.hpp"
#include "ei_codec/byte_writer.hpp"
#include "ei_codec/term_tags.hpp"

namespace groot::dist {

namespace {

constexpr std::size_t header_bytes = 1 + 1 + 8 + 8;
constexpr std::size_t first_header_bytes = header_bytes + 1;

}  // namespace

FragmentWriter::FragmentWriter(std::uint64_t sequence, const Bytes& control,
                               const SharedMessage& message)
    : sequence_(sequence), left_(control.size() + message.size()) {
  invariant(sequence != 0, "0 is no sequence to a BEAM");
  invariant(control.size() < fragment_bytes, "a control tuple lies whole in the first fragment");
  next_id_ = (left_ + fragment_bytes - 1) / fragment_bytes;
  pieces_[0] = std::make_shared<const Bytes>(control);
  std::ranges::copy(message.pieces(), pieces_.begin() + 1);
}

std::size_t FragmentWriter::bytes_left() const {
  const std::size_t headers =
      static_cast<std::size_t>(next_id_) * (frame_length_bytes + header_bytes);
  return left_ + headers + (begun_ ? 0 : first_header_bytes - header_bytes);
}

void FragmentWriter::write(OutputChunks& out) {
  invariant(!done(), "a fragment behind the last one");
  std::size_t size = std::min(left_, fragment_bytes);
  const bool first = !std::exchange(begun_, true);
  ei_codec::ByteWriter header(out.open());
  header.u32(static_cast<std::uint32_t>((first ? first_header_bytes : header_bytes) + size))
      .u8(ei_codec::tag::version)
      .u8(first ? first_fragment : next_fragment)
      .u64(sequence_)
      .u64(next_id_);
  if (first) header.u8(0);
  left_ -= size;
  --next_id_;
  while (size > 0) {
    const SharedPiece& piece = pieces_[piece_];
    const ByteView part =
        piece.bytes.subspan(written_, std::min(size, piece.bytes.size() - written_));
    out.append({part, piece.owner});
    size -= part.size();
    written_ += part.size();
    if (written_ == piece.bytes.size()) {
      ++piece_;
      written_ = 0;
    }
  }
}

}  // namespace groot::dist
