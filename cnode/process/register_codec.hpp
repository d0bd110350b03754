// R, a register on the wire (groot-protocol section 2; frozen), and the messages that carry it.
//
//   R       #{key => Key, value => Value, hlc => H}
//   ours    R plus 'Elixir.Groot.Cpp' => {Time, Counter, NodeId, deleted | {expires, UnixMs}}
//
// A stock node stores and forwards the extra pair, and keeps it when a later `set` replaces value
// and hlc: it repeats the stamp it belongs to and means nothing beside another one.
#pragma once

#include <cstdint>
#include <span>

#include "ei_codec/result.hpp"
#include "ei_codec/shared_message.hpp"
#include "ei_codec/term_reader.hpp"
#include "store/register.hpp"

namespace groot::process {

using ei_codec::Bytes;
using ei_codec::ByteView;
using ei_codec::ScannedTerm;
using ei_codec::SharedMessage;
using ei_codec::TermReader;

// Consumes one register. Pairs may come in any order, unknown ones are skipped. The view's key
// points into the read bytes where they are canonical as they stand, else into `key_scratch`; its
// value always into the read bytes and their buffer, and has passed check_unique_keys.
// Errors: bad_register, bad_timestamp; the reader is then somewhere inside the term.
[[nodiscard]] Result<store::RegisterView> read_register(TermReader& reader, Bytes& key_scratch);

// The canonical form of a key: the bytes themselves where they are canonical, else in `scratch`.
// Errors: codec_errc, store_errc::key_too_large.
[[nodiscard]] Result<ByteView> canonical_key(ScannedTerm key, Bytes& scratch);

// Appends R.
void append_register(const store::Register& reg, Bytes& out);
// An upper bound of what append_register appends.
[[nodiscard]] std::size_t register_bytes_max(const store::Register& reg);

// Appends #{Key => R}.
void append_registers(std::span<const store::RegisterPtr> registers, Bytes& out);

// Large values (kept_bytes_min) are sent from where they are stored, and in no map with others.
[[nodiscard]] bool is_large(const store::Register& reg);
[[nodiscard]] SharedMessage value_message(const store::RegisterPtr& reg);

// {'$gen_cast', {update_register, R}}
[[nodiscard]] SharedMessage encode_update(const store::RegisterPtr& reg);
// {'$gen_cast', {update_registers, #{Key => R}}}. Precondition: no key twice.
[[nodiscard]] SharedMessage encode_updates(std::span<const store::RegisterPtr> registers);

// The same, a register at a time.
class UpdatesWriter {
 public:
  void add(const store::Register& reg);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  // So far, in bytes.
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  // The message; the next one begins. Precondition: not empty().
  [[nodiscard]] SharedMessage take();

 private:
  Bytes out_;
  std::size_t count_at_ = 0;  // where the number of pairs stands
  std::uint32_t count_ = 0;
};

}  // namespace groot::process
