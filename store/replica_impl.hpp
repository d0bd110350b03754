// The replica's parts, for its two source files: replica.cpp (writes, merging, time) and sync.cpp
// (peers and their full states).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "store/counter.hpp"
#include "store/doubt.hpp"
#include "store/expiry_queue.hpp"
#include "store/peer_knowledge.hpp"
#include "store/replica.hpp"
#include "store/tombstones.hpp"

namespace groot::store {

struct Replica::Impl {
  using Found = RegisterMap::Found;

  explicit Impl(const ReplicaOptions& options);

  // The stamp of a write to the key that `found` holds, or holds nothing of.
  Timestamp issue(const std::optional<Found>& found, const Now& now);
  // Makes `reg` our version of its key: everything but telling the peers.
  Slot store(RegisterPtr reg, std::uint64_t hash, const std::optional<Found>& found, const Now& now,
             Effects& effects);
  // store, and tell all peers but `except`.
  void announce(const RegisterView& reg, std::uint64_t hash, const std::optional<Found>& found,
                PeerId except, const Now& now, Effects& effects);
  // `shower` is null, or the peer whose full state this register is part of. `hash` is hash_key of
  // the key.
  MergeOutcome merge(PeerId from, PeerKnowledge* shower, const RegisterView& reg,
                     std::uint64_t hash, const Now& now, Effects& effects);
  // One after the other. Whether any changed. `pairs`: none, or what each came as from `shower`.
  bool merge(PeerId from, PeerKnowledge* shower, std::span<const RegisterView> registers,
             const Now& now, Effects& effects, std::span<const ShownPair> pairs = {});
  void expire_due(const Now& now, Effects& effects);
  // Whether a node of ours that is up may lack the tombstone, and hold an older version.
  [[nodiscard]] bool is_held(Slot tombstone) const;
  // Forgets a tombstone. Precondition: the slot holds one.
  void drop_tombstone(Slot slot);
  // The same at the end of its time: the peers that can delete may forget it, too.
  void retire_tombstone(Slot slot, Effects& effects);
  // Forgets what is in doubt, or ends the doubt, once it is decided which.
  void judge_doubt(const Now& now, Effects& effects);
  // What it holds is written anew, or shown by somebody: peers of ours may compare it again.
  void resolve_doubt(Slot slot);
  void drop_doubtful(Effects& effects);

  void learn_stamp(PeerId from, const Timestamp& stamp, const Now& now, Effects& effects);
  // Sends a tombstone that no comparison shows any more to the node of ours that shows an older
  // version. Nothing happens when `to` is none.
  void tell_ancient(PeerId to, const Register* reg, Effects& effects);
  void drop_excess_tombstones(const Now& now, Effects& effects);

  // Null when the peer is not up. Valid until the next peer_up or peer_down.
  PeerKnowledge* find_peer(PeerId id);
  void forget_slot(Slot slot);
  [[nodiscard]] bool is_young(Slot slot, const Now& now) const;

  ReplicaOptions options;
  HybridClock clock;
  Journal journal;
  Doubt doubt;
  RegisterMap registers;
  Tombstones tombstones;
  ExpiryQueue expiries;
  std::vector<PeerKnowledge> peers;  // few: searched from one end to the other
  std::optional<std::int64_t> last_change_ms;
  std::uint64_t changes = 0;  // of any register, since the start
  bool reports_changes = true;
  bool tells_peers = true;
  bool awaits_kinds = false;
  // By slot, monotonic_ms: when our version came to be here, or, a tombstone, ceased to be
  // compared.
  std::vector<std::int64_t> changed_at;
  Counter values;  // registers that are no tombstones

  std::map<PeerId, std::int64_t> drift_reported_at;  // monotonic_ms
  std::set<PeerId> withheld_reported;                // that list keys are kept from them
  std::optional<std::int64_t> drop_reported_at;      // monotonic_ms
  std::size_t dropped_unreported = 0;
};

}  // namespace groot::store
