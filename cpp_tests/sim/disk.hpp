// The data directory of a node of ours, in memory: the records of the real file, written by the
// real journal. What was committed outlives a crash, and nothing else does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cnode/disk/database.hpp"
#include "cpp_tests/sim/node.hpp"
#include "store/replica.hpp"

namespace groot::sim {

class Disk {
 public:
  // What a transaction brings beside the journal. `issued`: the node's latest own stamp, for the
  // checks alone.
  struct Change {
    std::vector<store::JournalEntry> entries;
    std::uint64_t end = 0;
    store::Timestamp clock;
    store::Timestamp issued;
  };

  void hand_over(Change change);
  // What has changed of the peers, for the next transaction.
  void keep_peers(std::vector<store::KeptPeer> peers);
  // One transaction of all that was handed over. In doubt the file goes on saying that the node was
  // last there when it said so before. Returns the number of the last entry in the file.
  std::uint64_t commit(Ms wall_ms, bool in_doubt);
  // What was not committed is gone.
  void crash();
  // Into a new replica.
  void load_into(store::Replica& replica, Ms tombstone_ttl, const Now& now) const;

  // ---- of what is committed ----
  // `fresh`: of a file that is new.
  [[nodiscard]] std::int64_t memory_id(std::int64_t fresh);
  [[nodiscard]] std::vector<store::KeptPeer> peers() const;
  [[nodiscard]] std::optional<store::Timestamp> held(const Bytes& key) const;
  [[nodiscard]] const store::Timestamp& issued() const { return issued_; }
  [[nodiscard]] const disk::Marks& marks() const { return marks_; }

 private:
  void write(const store::JournalEntry& entry, std::uint64_t number, Ms wall_ms);

  std::map<Bytes, Bytes> records_;  // by key in the file
  disk::Marks marks_;
  store::Timestamp issued_;
  std::int64_t memory_id_ = 0;
  std::map<std::string, store::KeptPeer> peers_;
  Change queue_;
  std::vector<store::KeptPeer> changed_peers_;
};

}  // namespace groot::sim
