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
  stock_without_delete,  // Groot 0.1.x: propagate_delete would kill it
  stock_with_delete,     // exports Groot.delete/1
  ours,
};

// Send one register to every peer that may have it: `except` is where it came from (0 for none),
// and a register with key_is_list() goes to peers of kind `ours` only. Encode it once.
struct SendToAll {
  RegisterPtr reg;
  PeerId except = 0;
};
// Send these registers to one peer, together.
struct SendTo {
  PeerId peer;
  std::vector<RegisterPtr> registers;
};
// This tombstone's time is over, and the peer, a stock node with delete, holds it as a register
// with the value nil: it may forget it. The only message without a stamp (propagate_delete), so it
// is for a peer alone whose last full state showed just this version.
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
    list_key,            // once per key, which no stock peer will get; once per peer
    tombstones_dropped,  // at most once a minute
  } cause;
  std::string detail;
  RegisterPtr reg = nullptr;
  PeerId peer = 0;
};

using Effect = std::variant<SendToAll, SendTo, Reclaim, Changed, Report>;
using Effects = std::vector<Effect>;

}  // namespace groot::store
