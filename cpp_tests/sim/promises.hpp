// What a store of this kind promises, checked while a simulation runs: who wrote what, and what may
// therefore be held and read where. Whatever breaks a promise throws Violation.
//
// A version is a key with a stamp. Every version that a node of ours holds was written by somebody,
// is the tombstone of an expiry whose time had come, or is a delete that somebody asked for.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "cpp_tests/sim/node.hpp"
#include "store/replica.hpp"

namespace groot::sim {

using store::Timestamp;

// What one life of a node of ours was seen to hold and to issue. Dies with the life, but for what
// is on a disk.
struct Witness {
  std::string node;
  std::uint64_t node_id = 0;
  bool is_told_deletes = false;
  std::map<Bytes, Timestamp> held;     // the latest version of each key
  std::map<Bytes, Timestamp> deleted;  // the latest tombstone of each key
  Timestamp last_issued;
};

class Promises {
 public:
  // A write, wherever it was made; and that its user was told so. `value` is empty for a tombstone.
  void written(const Bytes& key, const Timestamp& stamp, const Bytes& value,
               std::optional<Ms> deadline);
  void acknowledged(const Bytes& key, const Timestamp& stamp);
  // A stock process forgot the key; it has held these versions of it.
  void deleted_without_stamp(const Bytes& key, const std::set<Timestamp>& versions);
  // A life of a node of ours begins. `is_told_deletes`: by stock, in messages that carry no stamp.
  [[nodiscard]] Witness begin_life(const std::string& node, std::uint64_t node_id,
                                   bool is_told_deletes);

  // Its disk held this when it began.
  void restored(Witness& witness, const store::Register& reg, const Now& now);

  // A node of ours made this its version of the key.
  void changed(Witness& witness, const store::Register& reg, const Now& now);
  // It was in doubt, after an absence, and is dropped: nobody wrote or deleted it here.
  static void given_up(Witness& witness, const Bytes& key);
  // A node of ours read the key.
  void read(const Witness& witness, const Bytes& key, const store::RegisterPtr& reg,
            const Now& now) const;

  // Some node lost or forgot data: `held` says what is left of a key, the latest version that any
  // living node or any disk holds. What nobody holds any more nobody can be asked for.
  void data_lost(const std::function<std::optional<Timestamp>(const Bytes& key)>& held);
  // At the end a node of ours holds, of each key, what was acknowledged and not lost, or newer.
  void check_nothing_lost(const Witness& witness) const;

 private:
  struct Write {
    Bytes value;
    std::optional<Ms> deadline;
    [[nodiscard]] bool is_tombstone() const { return value.empty(); }
  };
  using Versions = std::map<Timestamp, Write>;

  void check_value(const Witness& witness, const store::Register& reg) const;
  void check_tombstone(const Witness& witness, const store::Register& reg,
                       const Timestamp& held) const;
  static void check_issued(Witness& witness, const Timestamp& stamp, const Timestamp& held,
                           const Now& now);

  std::map<Bytes, Versions> writes_;
  std::map<Bytes, Timestamp> floors_;               // acknowledged, and still held somewhere
  std::map<Bytes, std::set<Timestamp>> stampless_;  // the versions that a stock process forgot
  std::set<std::uint64_t> our_ids_;
  Ms latest_wall_ms_ = 0;  // of any node of ours
};

// A key or value as Elixir text, for complaints and traces.
[[nodiscard]] std::string text_of(ByteView encoded);
// "k1 = v7@1700000000000.0@00ff", "k1 deleted@…", with "until …".
[[nodiscard]] std::string text_of(const store::Register& reg);

}  // namespace groot::sim
