// Takes the distribution header off frames, and puts messages together that come in fragments: the
// form that all frames have where FRAGMENTS is negotiated (distribution.md section 4; erts,
// erl_dist_protocol, "Distribution Header").
//
//   131 68 refs:u8                     Control [Message]   a whole message
//   131 69 sequence:u64 id:u64 refs:u8 Control [Message    the first fragment
//   131 70 sequence:u64 id:u64         …]                  a further one
//
// Ids count down to 1; the cuts lie anywhere. Fragments of one sequence come in order, those of
// others and whole messages between them. References to cached atoms (refs) are 0: we do not offer
// the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "cnode/dist/limits.hpp"
#include "ei_codec/bytes.hpp"
#include "ei_codec/message_buffer.hpp"
#include "ei_codec/result.hpp"

namespace groot::dist {

class FragmentReader {
 public:
  // Control [Message], for decode_terms. `buffer` holds them where they came in several fragments;
  // else they lie in the frame that was read.
  struct Terms {
    ei_codec::ByteView bytes;
    std::shared_ptr<const ei_codec::MessageBuffer> buffer;
  };

  explicit FragmentReader(std::size_t unfinished_max = sequences_max,
                          std::size_t unfinished_bytes_max = frame_bytes_max)
      : unfinished_max_(unfinished_max), unfinished_bytes_max_(unfinished_bytes_max) {}

  // One frame, without its length. Nothing: there is more to come of its message. Errors:
  // bad_frame, frame_too_large, sequences_full; the link is lost.
  [[nodiscard]] Result<std::optional<Terms>> read(ei_codec::ByteView body);

  [[nodiscard]] std::size_t unfinished() const { return sequences_.size(); }
  [[nodiscard]] std::size_t unfinished_bytes() const { return unfinished_bytes_; }

 private:
  struct Sequence {
    std::uint64_t next_id = 0;
    std::shared_ptr<ei_codec::MessageBuffer> buffer;
  };

  [[nodiscard]] Result<std::optional<Terms>> begin(std::uint64_t sequence, std::uint64_t id,
                                                   ei_codec::ByteView part);
  [[nodiscard]] Result<std::optional<Terms>> go_on(std::uint64_t sequence, std::uint64_t id,
                                                   ei_codec::ByteView part);
  [[nodiscard]] Result<void> store(Sequence& sequence, ei_codec::ByteView part);

  std::size_t unfinished_max_;
  std::size_t unfinished_bytes_max_;
  // Not a hash table: a peer chooses the numbers.
  std::map<std::uint64_t, Sequence> sequences_;
  std::size_t unfinished_bytes_ = 0;
};

}  // namespace groot::dist
