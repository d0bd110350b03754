#include "cnode/dist/fragment_reader.hpp"

#include <string>
#include <utility>

#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/operation.hpp"
#include "ei_codec/byte_reader.hpp"
#include "ei_codec/term_tags.hpp"

namespace groot::dist {

using ei_codec::ByteReader;
using ei_codec::ByteView;
using ei_codec::MessageBuffer;

namespace {

using Terms = FragmentReader::Terms;

Error bad_fragment(std::uint64_t sequence, std::uint64_t id, const std::string& why) {
  return {dist_errc::bad_frame, "fragment " + std::to_string(id) + " of sequence " +
                                    std::to_string(sequence) + " " + why};
}

}  // namespace

Result<std::optional<Terms>> FragmentReader::read(ByteView body) {
  ByteReader reader(body);
  const bool is_header = reader.u8() == ei_codec::tag::version;
  const std::uint8_t kind = reader.u8();
  const bool is_fragment = kind == first_fragment || kind == next_fragment;
  if (!is_header || (!is_fragment && kind != whole_message)) {
    return {dist_errc::bad_frame, "no distribution header"};
  }
  const std::uint64_t sequence = is_fragment ? reader.u64() : 0;
  const std::uint64_t id = is_fragment ? reader.u64() : 1;
  const std::uint8_t references = kind != next_fragment ? reader.u8() : std::uint8_t{0};
  if (!reader.ok()) return {dist_errc::bad_frame, "a distribution header that is cut off"};
  if (references != 0) return {dist_errc::bad_frame, "references to cached atoms"};
  if (kind == whole_message) return std::optional<Terms>({reader.rest(), nullptr});
  if (kind == first_fragment) return begin(sequence, id, reader.rest());
  return go_on(sequence, id, reader.rest());
}

Result<std::optional<Terms>> FragmentReader::begin(std::uint64_t sequence, std::uint64_t id,
                                                   ByteView part) {
  if (id == 0) return bad_fragment(sequence, id, "where they end with 1");
  if (sequences_.contains(sequence)) return bad_fragment(sequence, id, "begins it once more");
  if (id == 1) return std::optional<Terms>({part, nullptr});
  if (sequences_.size() >= unfinished_max_) {
    return {dist_errc::sequences_full, std::to_string(unfinished_max_)};
  }
  Sequence& begun = sequences_[sequence];
  begun.next_id = id - 1;
  // All but the last are as long as this one, in what a BEAM sends.
  const std::size_t room = unfinished_bytes_max_ - unfinished_bytes_;
  const std::size_t expected = id < room / (part.size() + 1) ? id * part.size() : room;
  begun.buffer = std::make_shared<MessageBuffer>(expected);
  if (auto stored = store(begun, part); !stored) return stored.error();
  return std::optional<Terms>();
}

Result<std::optional<Terms>> FragmentReader::go_on(std::uint64_t sequence, std::uint64_t id,
                                                   ByteView part) {
  const auto found = sequences_.find(sequence);
  if (found == sequences_.end()) return bad_fragment(sequence, id, "that has not begun");
  Sequence& begun = found->second;
  if (id != begun.next_id) {
    return bad_fragment(sequence, id, "in place of " + std::to_string(begun.next_id));
  }
  if (auto stored = store(begun, part); !stored) return stored.error();
  --begun.next_id;
  if (id != 1) return std::optional<Terms>();
  const std::shared_ptr<MessageBuffer> buffer = std::move(begun.buffer);
  sequences_.erase(found);
  unfinished_bytes_ -= buffer->size();
  buffer->finish();
  return std::optional<Terms>({buffer->bytes(), buffer});
}

Result<void> FragmentReader::store(Sequence& sequence, ByteView part) {
  const std::size_t bytes = unfinished_bytes_ + part.size();
  if (bytes > unfinished_bytes_max_) {
    return {dist_errc::frame_too_large, std::to_string(bytes) + " bytes in fragments"};
  }
  sequence.buffer->append(part);
  unfinished_bytes_ = bytes;
  return {};
}

}  // namespace groot::dist
