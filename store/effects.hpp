// What the replica wants done: a closed sum type that the caller visits exhaustively.
// The replica neither knows links nor wire formats; peers are opaque numbers.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "store/register.hpp"

namespace groot::store {

using PeerId = std::uint64_t;

// What runs at the other end, as far as replication cares.
enum class PeerKind {
  unknown,               // it has not said yet: nothing is replicated to it
  stock_without_delete,  // Groot 0.1.x: propagate_delete would kill it
  stock_with_delete,     // exports Groot.delete/1
  ours,
};

// Send one register to every peer that may have it: `except` is where it came from (0 for none),
// and a register with key_is_list() goes to peers of kind `ours` only. Encode it once.
struct SendToAll {
  RegisterPtr reg;
  PeerId except = 0;
  bool ours_only = false;  // stock peers lack the key, or show that they do not
  // The peer it came from deleted the key, and has told the nodes that it sees to do so as well.
  bool deleted_there = false;
};
// There is something that this peer is to be sent: Replica::take_lacking gives it.
struct Lacks {
  PeerId peer;
};
// This tombstone's time is over, and the peer, a stock node, has shown that it holds it, as a
// register with the value nil: it may forget it, if it still holds just this version.
struct Reclaim {
  PeerId peer;
  RegisterPtr reg;
};
// A register changed: for on_change listeners. `reg` may be a tombstone.
struct Changed {
  RegisterPtr reg;
};
// For the log, rate limited here: it can be written as it comes, behind the name of `peer` where it
// is about one, and followed by the key of `reg` where it is about one.
struct Report {
  enum class Cause {
    drift_ahead,         // once per peer an hour
    list_key,            // once per key, which no stock peer will get
    tombstones_dropped,  // at most once a minute
    clock,               // of this machine: it jumped, and what became of that
    absent_too_long,     // what became of the values in doubt
    stamp_refused,       // once per peer an hour
  } cause;
  std::string detail;
  RegisterPtr reg = nullptr;
  PeerId peer = 0;
};

using Effect = std::variant<SendToAll, Lacks, Reclaim, Changed, Report>;
using Effects = std::vector<Effect>;

}  // namespace groot::store
