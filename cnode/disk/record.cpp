#include "cnode/disk/record.hpp"

#include <limits>

#include <openssl/sha.h>

#include "cnode/disk/limits.hpp"
#include "ei_codec/byte_reader.hpp"
#include "ei_codec/byte_writer.hpp"
#include "store/register_map.hpp"

namespace groot::disk {
namespace {

using store::RegisterKind;

constexpr std::uint8_t plain_key = 0;
constexpr std::uint8_t digest_key = 1;
constexpr std::uint8_t value_record = 0;
constexpr std::uint8_t tombstone_record = 1;
constexpr std::uint8_t numbered_record = 2;
constexpr std::int64_t no_deadline = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t check_size = 8;

std::uint64_t check_of(ByteView file_key, ByteView rest) {
  return store::frozen_hash(file_key) + store::frozen_hash(rest);
}

}  // namespace

void encode_file_key(ByteView canonical_key, Bytes& out) {
  out.clear();
  if (canonical_key.size() <= plain_key_bytes_max) {
    out.push_back(plain_key);
    out.insert(out.end(), canonical_key.begin(), canonical_key.end());
    return;
  }
  out.resize(1 + SHA256_DIGEST_LENGTH);
  out[0] = digest_key;
  ::SHA256(canonical_key.data(), canonical_key.size(), out.data() + 1);
}

void encode_record(ByteView file_key, const store::Register& reg, std::uint64_t number,
                   std::int64_t now_ms, Bytes& out) {
  const bool tombstone = reg.is_tombstone();
  const bool numbered = !tombstone && number != 0;
  const std::int64_t at_ms = tombstone ? now_ms : reg.expires_at_ms().value_or(no_deadline);
  const store::Timestamp stamp = reg.stamp();
  const ByteView key = file_key[0] == digest_key ? reg.key() : ByteView{};
  const ByteView value = tombstone ? ByteView{} : reg.value();
  out.assign(check_size, 0);
  ei_codec::ByteWriter writer(out);
  writer.u8(tombstone  ? tombstone_record
            : numbered ? numbered_record
                       : value_record)
      .u16(stamp.counter)
      .u64(stamp.time_ms)
      .u64(stamp.node_id)
      .u64(static_cast<std::uint64_t>(at_ms));
  if (numbered) writer.u64(number);
  writer.u32(static_cast<std::uint32_t>(key.size())).bytes(key).bytes(value);
  const std::uint64_t check = check_of(file_key, ByteView(out).subspan(check_size));
  for (std::size_t i = 0; i < check_size; ++i) {
    out[i] = static_cast<std::uint8_t>(check >> (8 * (check_size - 1 - i)));
  }
}

std::optional<store::KeptRegister> decode_record(ByteView file_key, ByteView record) {
  ei_codec::ByteReader reader(record);
  const std::uint64_t check = reader.u64();
  if (!reader.ok() || file_key.empty() || check != check_of(file_key, reader.rest())) {
    return std::nullopt;
  }
  const std::uint8_t kind = reader.u8();
  store::KeptRegister kept;
  kept.reg.stamp.counter = reader.u16();
  kept.reg.stamp.time_ms = reader.u64();
  kept.reg.stamp.node_id = reader.u64();
  const auto at_ms = static_cast<std::int64_t>(reader.u64());
  if (kind == numbered_record) kept.number = reader.u64();
  const std::size_t key_size = reader.u32();
  const ByteView key = reader.bytes(key_size);
  if (!reader.ok() || kind > numbered_record) return std::nullopt;
  kept.reg.key = file_key[0] == digest_key ? key : file_key.subspan(1);
  if (kind == tombstone_record) {
    kept.reg.kind = RegisterKind::tombstone;
    kept.reg.value = store::nil_value();
    kept.arrived_ms = at_ms;
  } else {
    kept.reg.value = reader.rest();
    if (at_ms != no_deadline) kept.reg.expires_at_ms = at_ms;
  }
  return kept;
}

}  // namespace groot::disk
