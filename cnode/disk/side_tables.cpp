#include "cnode/disk/side_tables.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "cnode/disk/limits.hpp"
#include "cnode/disk/record.hpp"
#include "ei_codec/byte_reader.hpp"
#include "ei_codec/byte_writer.hpp"

namespace groot::disk {
namespace {

constexpr std::size_t time_size = 8;

std::optional<store::KeptPeer> decode_peer(ByteView name, ByteView bytes) {
  ei_codec::ByteReader reader(bytes);
  store::KeptPeer peer{.name = std::string(ei_codec::as_text(name))};
  const std::uint64_t linked_ms = reader.u64();
  peer.linked_ms = static_cast<std::int64_t>(linked_ms);
  peer.level = reader.u64();
  if (!reader.ok() || linked_ms > store::time_ms_max) return std::nullopt;
  const ByteView memory = reader.rest();
  peer.memory.assign(memory.begin(), memory.end());
  return peer;
}

}  // namespace

int SideTables::open(MDB_txn* txn, unsigned flags) {
  int code = ::mdb_dbi_open(txn, "peers", flags, &peers_);
  if (code == 0) code = ::mdb_dbi_open(txn, "set aside", flags, &set_aside_);
  MDB_stat stat{};
  if (code == 0) code = ::mdb_stat(txn, set_aside_, &stat);
  any_set_aside_ = stat.ms_entries > 0;
  is_open_ = code == 0;
  return code;
}

int SideTables::put_peers(MDB_txn* txn, std::span<const store::KeptPeer> peers) const {
  for (const store::KeptPeer& peer : peers) {
    const ByteView name = ei_codec::as_bytes(peer.name);
    if (name.size() > plain_key_bytes_max) continue;
    int code = 0;
    if (peer.linked_ms == 0) {
      code = erase(txn, peers_, name);
    } else {
      Bytes record;
      ei_codec::ByteWriter(record)
          .u64(static_cast<std::uint64_t>(peer.linked_ms))
          .u64(peer.level)
          .bytes(peer.memory);
      code = put(txn, peers_, name, record);
    }
    if (code != 0) return code;
  }
  return 0;
}

std::vector<store::KeptPeer> SideTables::peers(MDB_txn* txn) const {
  std::vector<store::KeptPeer> found;
  if (!is_open_) return found;
  (void)for_each_entry(txn, peers_, [&found](ByteView name, ByteView bytes) {
    if (auto peer = decode_peer(name, bytes)) found.push_back(*std::move(peer));
  });
  return found;
}

int SideTables::set_aside(MDB_txn* txn, const store::Register& reg, std::int64_t now_ms) {
  Bytes key;
  Bytes record;
  encode_file_key(reg.key(), key);
  encode_record(key, reg, 0, now_ms, record);
  Bytes entry;
  ei_codec::ByteWriter(entry).u64(static_cast<std::uint64_t>(now_ms)).bytes(record);
  any_set_aside_ = true;
  return put(txn, set_aside_, key, entry);
}

int SideTables::written(MDB_txn* txn, ByteView file_key) {
  return any_set_aside_ ? erase(txn, set_aside_, file_key) : 0;
}

int SideTables::forget_old(MDB_txn* txn, std::int64_t now_ms) {
  std::vector<Bytes> old;
  const int read = for_each_entry(txn, set_aside_, [&](ByteView key, ByteView entry) {
    const std::uint64_t at_ms = ei_codec::ByteReader(entry).u64();
    if (at_ms > store::time_ms_max) return;
    const std::int64_t age_ms = now_ms - static_cast<std::int64_t>(at_ms);
    if (age_ms > std::chrono::milliseconds(set_aside_max).count()) {
      old.emplace_back(key.begin(), key.end());
    }
  });
  if (read != 0) return read;
  for (const Bytes& key : old) {
    if (const int code = erase(txn, set_aside_, key); code != 0) return code;
  }
  return 0;
}

void SideTables::for_each_set_aside(
    MDB_txn* txn, const std::function<void(const store::KeptRegister&)>& visit) const {
  if (!is_open_) return;
  (void)for_each_entry(txn, set_aside_, [&visit](ByteView key, ByteView entry) {
    if (entry.size() < time_size) return;
    if (const auto kept = decode_record(key, entry.subspan(time_size))) visit(*kept);
  });
}

}  // namespace groot::disk
