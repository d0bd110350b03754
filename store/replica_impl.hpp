// The replica's parts, for its source files: replica.cpp (writes, merging, time),
// replica_clock.cpp, sync.cpp (peers and their full states) and restore.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "store/counter.hpp"
#include "store/doubt.hpp"
#include "store/expiry_queue.hpp"
#include "store/peer_knowledge.hpp"
#include "store/refused_stamps.hpp"
#include "store/repeat_limit.hpp"
#include "store/replica.hpp"
#include "store/slot_bits.hpp"
#include "store/tombstones.hpp"

namespace groot::store {

struct Replica::Impl {
  using Found = RegisterMap::Found;

  explicit Impl(const ReplicaOptions& options);

  // The stamp of a write to the key that `found` holds, or holds nothing of; none when there is
  // none left.
  std::optional<Timestamp> issue(const std::optional<Found>& found, const Now& now);
  // Makes `reg` our version of its key: everything but telling the peers. `expired`: it is known to
  // be a tombstone that an expiry left.
  Slot store(RegisterPtr reg, std::uint64_t hash, const std::optional<Found>& found, const Now& now,
             Effects& effects, bool expired = false);
  // For one register more: what takes much memory where there are many.
  void make_room(Effects& effects);
  // store, and tell all peers but `except`.
  Slot announce(const RegisterView& reg, std::uint64_t hash, const std::optional<Found>& found,
                PeerId except, const Now& now, Effects& effects);
  // `shower` is null, or the peer whose full state this register is part of. `hash` is that of the
  // key.
  MergeOutcome merge(PeerId from, PeerKnowledge* shower, const RegisterView& reg,
                     std::uint64_t hash, const Now& now, Effects& effects);
  // ---- acts.cpp ----
  // Makes a tombstone our version of the key. `doer` is the peer that deleted it; null: unknown.
  void delete_held(const Found& found, std::uint64_t hash, PeerId except, PeerKnowledge* doer,
                   bool ours_only, const Now& now, Effects& effects);
  // A delete that comes from `doer` now: whether it may be earlier than this version, which was
  // written there since and came by another way. Only while `doer` has not said enough of itself.
  [[nodiscard]] bool may_be_later(const PeerKnowledge& doer, const Found& found) const;
  // `writer` wrote `reg` after it had our version, whose stamp is later: it gets one above that.
  MergeOutcome stamp_anew(PeerKnowledge& writer, const RegisterView& reg, std::uint64_t hash,
                          const Found& found, const Now& now, Effects& effects);

  // One after the other. Whether any changed. `pairs`: none, or what each came as from `shower`.
  bool merge(PeerId from, PeerKnowledge* shower, std::span<const RegisterView> registers,
             const Now& now, Effects& effects, std::span<const ShownPair> pairs = {});
  void expire_due(const Now& now, Effects& effects);
  // Whether a node of ours that is up may lack the tombstone, and hold an older version.
  [[nodiscard]] bool is_held(Slot tombstone) const;
  // Decides anew which tombstones are compared with those of other nodes of ours: not the too old
  // ones, and not yet those that are stamped too far ahead.
  void age_tombstones(const Now& now);
  // Forgets a tombstone. Precondition: the slot holds one.
  void drop_tombstone(Slot slot);
  // The same at the end of its time: the peers that can delete may forget it, too.
  void retire_tombstone(Slot slot, Effects& effects);
  // Ends the doubt about what nobody can prove anything of: all peers are told of it.
  void judge_doubt(const Now& now, Effects& effects);
  // The slot's value is in doubt no more, and is compared with what other nodes of ours hold again.
  void resolve_doubt(Slot slot);
  // A peer has shown all that it has: what that proves to be deleted is dropped.
  void has_shown_all(PeerId peer, const Now& now, Effects& effects);
  void drop_doubtful(Slot slot, Effects& effects);

  // Of a register with an absurd stamp.
  MergeOutcome refuse(PeerId from, PeerKnowledge* shower, const RegisterView& reg,
                      std::uint64_t hash, const Now& now, Effects& effects);
  // The believed time was set by so much.
  void wall_was_set(std::int64_t by_ms);
  // Whether a register of an earlier run is taken in; and whether with a stamp of now.
  bool accept_kept(RegisterView& reg, bool& restamped, const Now& now);
  void learn_stamp(PeerId from, const Timestamp& stamp, const Now& now, Effects& effects);
  // Sends a tombstone that no comparison shows any more to the node of ours that shows an older
  // version. Nothing happens when `to` is none.
  void tell_ancient(PeerId to, Slot slot, Effects& effects);
  void drop_excess_tombstones(const Now& now, Effects& effects);

  // Null when the peer is not up. Valid until the next peer_up or peer_down.
  PeerKnowledge* find_peer(PeerId id);
  // The same, and null of a peer whose order is known: a node of ours, or one that is followed.
  PeerKnowledge* find_just_linked(PeerId id);
  // The same as find_peer of one that is not up, but is to be sent something.
  PeerKnowledge* find_receiver(PeerId id);
  void forget_slot(Slot slot);
  void vacate_slot(Slot slot);
  // Moves those that left out of the way of writes. Not within the millisecond in which they did:
  // changed_at would not tell what came before that from what came after.
  void set_apart(const Now& now);
  void bring_back(PeerId peer);
  [[nodiscard]] bool is_leaving() const;
  [[nodiscard]] bool is_young(Slot slot, const Now& now) const;

  ReplicaOptions options;
  WallTime wall_time;
  HybridClock clock;
  RefusedStamps refused_stamps;
  Restored restored;
  Journal journal;
  Doubt doubt;
  RegisterMap registers;
  Tombstones tombstones;
  ExpiryQueue expiries;
  std::vector<PeerKnowledge> peers;  // few: searched from one end to the other
  // Who is sent what it asks for, and could be of any kind: only what they lack counts.
  std::vector<PeerKnowledge> strangers;
  // Those without a link. No write looks at them: what changed meanwhile shows when one comes back.
  std::vector<PeerKnowledge> away;
  std::optional<std::int64_t> last_change_ms;
  std::uint64_t changes = 0;  // of any register, since the start
  bool reports_changes = true;
  bool tells_peers = true;
  bool awaits_kinds = false;
  bool torn = false;  // set while its parts do not fit each other
  // Our version was merged, and not because a peer of ours sent it as it was written.
  SlotBits not_pushed;
  // By slot, monotonic_ms: when our version came to be here, or, a tombstone, ceased to be
  // compared.
  std::vector<std::int64_t> changed_at;
  Counter values;  // registers that are no tombstones

  RepeatLimit<std::pair<Report::Cause, PeerId>> reports{reports_remembered_max};
  std::size_t dropped_unreported = 0;
};

}  // namespace groot::store
