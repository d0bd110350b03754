// How one register stands in the file. Frozen: files of older versions must stay readable.
//
//   key     0, the canonical key             up to plain_key_bytes_max
//           1, SHA-256 of the canonical key  longer ones
//   record  check:64  kind:8  counter:16  time:64  node_id:64  at:64  [number:64]
//           key_size:32  key  value
//
// Big-endian. `check` is over the key in the file and the rest of the record. `kind` is 2 for a
// value, whose `at` is its deadline (2^63-1: none) and whose `number` is that of its journal entry;
// 0 for one without a number; and 1 for a tombstone, whose `at` is when it came to be here and
// whose value is empty. `key` is there where the key in the file is a digest.
#pragma once

#include <optional>

#include "ei_codec/bytes.hpp"
#include "store/journal.hpp"

namespace groot::disk {

using ei_codec::Bytes;
using ei_codec::ByteView;

// Both replace what `out` holds.
void encode_file_key(ByteView canonical_key, Bytes& out);
// `number`: of a value's journal entry; 0: none is kept. `now_ms`: wall time; when a tombstone came
// to be here.
void encode_record(ByteView file_key, const store::Register& reg, std::uint64_t number,
                   std::int64_t now_ms, Bytes& out);

// None when the bytes are not what was written. Views into both arguments.
[[nodiscard]] std::optional<store::KeptRegister> decode_record(ByteView file_key, ByteView record);

}  // namespace groot::disk
