// What a store of this kind promises, checked while a simulation runs: who wrote what, and what may
// therefore be held and read where. Whatever breaks a promise throws Violation.
//
// A version is a key with a stamp. Every version that a node of ours holds was written by somebody,
// is the tombstone of an expiry whose time had come, is a delete that somebody asked for, or is a
// write of a stock node under a later stamp.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "cpp_tests/sim/node.hpp"
#include "cpp_tests/sim/work.hpp"
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
  std::map<Bytes, Timestamp> wiped;    // what delete_all took, and others may give back
  ActsKnown acts;
  Timestamp last_issued;
  // One was just above what was held, and that ahead of wall time.
  bool issued_above_a_floor_ahead = false;
};

class Promises {
 public:
  Work work;

  // A write, wherever it was made; and that its user was told so. `value` is empty for a tombstone.
  void written(const Bytes& key, const Timestamp& stamp, const Bytes& value,
               std::optional<Ms> deadline);
  void acknowledged(const Bytes& key, const Timestamp& stamp);
  // Nodes of ours have the same id.
  void expect_equal_stamps() { same_ids_ = equal_stamps_ = true; }
  // A stock process forgot the key; it has held these versions of it.
  void deleted_without_stamp(const Bytes& key, const std::set<Timestamp>& versions);
  // A stock process with a slow clock wrote this version of the key though it had held a later one.
  void written_slowly(const Bytes& key, const Timestamp& stamp);
  // A stock process took this version of the key from another one, in place of that which it held:
  // had somebody deleted the one, or written the other slowly, stock has undone that itself.
  void given_among_stock(const Bytes& key, const Timestamp& stamp, const Timestamp& held);
  // How often it did.
  [[nodiscard]] std::uint64_t deletes_undone(const Bytes& key) const;
  [[nodiscard]] std::uint64_t slow_writes_undone(const Bytes& key) const;
  [[nodiscard]] bool is_written(const Bytes& key, const Bytes& value) const;
  // The latest stamp of a write of the key.
  [[nodiscard]] Timestamp last_written(const Bytes& key) const;
  // Some stock process forgot this version of the key, as it was asked to.
  [[nodiscard]] bool is_deleted_by_stock(const Bytes& key, const Timestamp& stamp) const;
  // A life of a node of ours begins. `is_told_deletes`: by stock, in messages that carry no stamp.
  [[nodiscard]] Witness begin_life(const std::string& node, std::uint64_t node_id,
                                   bool is_told_deletes);

  // Its disk held this when it began.
  void restored(Witness& witness, const store::Register& reg, const Now& now);

  // A node of ours made this its version of the key.
  void changed(Witness& witness, const store::Register& reg, const Now& now);
  // It was in doubt, after an absence, and is dropped: nobody wrote or deleted it here.
  static void given_up(Witness& witness, const Bytes& key);
  // delete_all: it holds nothing and has deleted nothing.
  void wiped(Witness& witness);
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
    bool is_stamped_anew = false;
    [[nodiscard]] bool is_tombstone() const { return value.empty(); }
  };
  using Versions = std::multimap<Timestamp, Write>;

  bool stamped_anew(const store::Register& reg);
  void check_value(const Witness& witness, const store::Register& reg) const;
  void check_tombstone(const Witness& witness, const store::Register& reg);
  [[nodiscard]] static bool is_forgotten_anew(const Versions& versions,
                                              const std::set<Timestamp>& forgotten,
                                              const std::function<bool(const Timestamp&)>& is_anew);
  [[nodiscard]] bool is_asked_for(const Witness& witness, const store::Register& reg) const;
  void check_issued(Witness& witness, const Timestamp& stamp, const Timestamp& held,
                    const Now& now) const;

  std::map<Bytes, Versions> writes_;
  std::map<Bytes, Timestamp> floors_;               // acknowledged, and still held somewhere
  std::map<Bytes, std::set<Timestamp>> stampless_;  // the versions that a stock process forgot
  std::map<Bytes, std::set<Timestamp>> deletes_;    // tombstones that were asked for
  std::map<Bytes, std::uint64_t> undone_;           // deletes, by stock
  std::map<Bytes, std::set<Timestamp>> slow_writes_;
  std::map<Bytes, std::uint64_t> slow_undone_;  // of these, by stock
  std::set<std::uint64_t> our_ids_;
  bool same_ids_ = false;
  bool equal_stamps_ = false;
  Ms latest_ms_ = 0;  // that any node of ours has held a deadline against
};

// A key or value as Elixir text, for complaints and traces.
[[nodiscard]] std::string text_of(ByteView encoded);
// "k1 = v7@1700000000000.0@00ff", "k1 deleted@…", with "until …".
[[nodiscard]] std::string text_of(const store::Register& reg);

}  // namespace groot::sim
