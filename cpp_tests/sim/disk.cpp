#include "cpp_tests/sim/disk.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "cnode/disk/load.hpp"
#include "cnode/disk/record.hpp"

namespace groot::sim {

using store::JournalEntry;

void Disk::hand_over(Change change) {
  queue_.entries.insert(queue_.entries.end(), std::make_move_iterator(change.entries.begin()),
                        std::make_move_iterator(change.entries.end()));
  queue_.end = change.end;
  queue_.clock = change.clock;
  queue_.issued = change.issued;
}

void Disk::keep_peers(std::vector<store::KeptPeer> peers) {
  changed_peers_.insert(changed_peers_.end(), std::make_move_iterator(peers.begin()),
                        std::make_move_iterator(peers.end()));
}

std::uint64_t Disk::commit(Ms wall_ms, bool in_doubt) {
  Change change = std::exchange(queue_, {});
  std::uint64_t number = change.end - change.entries.size();
  for (const JournalEntry& entry : change.entries) write(entry, ++number, wall_ms);
  for (store::KeptPeer& peer : std::exchange(changed_peers_, {})) {
    peers_[peer.name] = std::move(peer);
  }
  if (!in_doubt) marks_.alive_ms = wall_ms;
  marks_.number = std::max(marks_.number, change.end);
  if (change.clock.time_ms != 0) {
    marks_.clock = change.clock;
    issued_ = change.issued;
  }
  return marks_.number;
}

void Disk::write(const JournalEntry& entry, std::uint64_t number, Ms wall_ms) {
  if (entry.what == JournalEntry::What::cleared) return records_.clear();
  Bytes key;
  disk::encode_file_key(entry.reg->key(), key);
  if (entry.what != JournalEntry::What::stored) {
    records_.erase(key);
  } else {
    Bytes record;
    disk::encode_record(key, *entry.reg, number, wall_ms, record);
    records_[key] = std::move(record);
  }
}

void Disk::crash() {
  queue_ = {};
  changed_peers_.clear();
}

std::int64_t Disk::memory_id(std::int64_t fresh) {
  if (memory_id_ == 0) memory_id_ = fresh;
  return memory_id_;
}

std::vector<store::KeptPeer> Disk::peers() const {
  std::vector<store::KeptPeer> peers;
  for (const auto& [name, peer] : peers_) peers.push_back(peer);
  return peers;
}

void Disk::load_into(store::Replica& replica, Ms tombstone_ttl, const Now& now) const {
  const auto all = [this](const disk::Visit& visit) {
    for (const auto& [key, record] : records_) visit(disk::decode_record(key, record).value());
    return Result<void>();
  };
  const auto loaded = disk::load_into(replica, marks_, records_.size(), all, tombstone_ttl, now);
  if (!loaded) throw Violation("a disk is not read: " + loaded.error().text());
}

std::optional<store::Timestamp> Disk::held(const Bytes& key) const {
  Bytes file_key;
  disk::encode_file_key(key, file_key);
  const auto found = records_.find(file_key);
  if (found == records_.end()) return std::nullopt;
  return disk::decode_record(file_key, found->second).value().reg.stamp;
}

}  // namespace groot::sim
