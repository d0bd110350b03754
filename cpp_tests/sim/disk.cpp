#include "cpp_tests/sim/disk.hpp"

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

std::uint64_t Disk::commit(Ms wall_ms, bool in_doubt) {
  Change change = std::exchange(queue_, {});
  for (const JournalEntry& entry : change.entries) write(entry, wall_ms);
  if (!in_doubt) marks_.alive_ms = wall_ms;
  if (!change.entries.empty()) {
    marks_.clock = change.clock;
    issued_ = change.issued;
    end_ = change.end;
  }
  return end_;
}

void Disk::write(const JournalEntry& entry, Ms wall_ms) {
  if (entry.what == JournalEntry::What::cleared) return records_.clear();
  Bytes key;
  disk::encode_file_key(entry.reg->key(), key);
  if (entry.what == JournalEntry::What::dropped) {
    records_.erase(key);
  } else {
    Bytes record;
    disk::encode_record(key, *entry.reg, wall_ms, record);
    records_[key] = std::move(record);
  }
}

void Disk::crash() {
  queue_ = {};
  end_ = 0;  // the next life has a journal of its own
}

void Disk::load_into(store::Replica& replica, const Now& now) const {
  const auto all = [this](const disk::Visit& visit) {
    for (const auto& [key, record] : records_) visit(disk::decode_record(key, record).value());
    return Result<void>();
  };
  const auto loaded =
      disk::load_into(replica, marks_, records_.size(), all, store::tombstone_ttl_ms_default, now);
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
