// The replica: every decision about registers, and nothing else. Local writes, merges, deletes,
// expiry, what each peer has shown and therefore lacks, has deleted, or has lost.
//
// Pure: time and peers are arguments, what it wants done is appended to `effects`. No sockets, no
// threads, no system clock. Semantics: groot-protocol sections 5, 6 and 7.
//
// Threads: one call at a time (the owner holds a lock), except `find`, `get` and `size`, and what
// WallTime says so of, which any thread may call at any time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ei_codec/result.hpp"
#include "store/effects.hpp"
#include "store/hybrid_clock.hpp"
#include "store/journal.hpp"
#include "store/limits.hpp"
#include "store/register.hpp"
#include "store/register_map.hpp"
#include "store/repeated_pairs.hpp"
#include "store/store_error.hpp"
#include "store/time.hpp"
#include "store/wall_time.hpp"

namespace groot::store {

struct ReplicaOptions {
  std::uint64_t node_id = 0;  // 64 random bits a start
  std::size_t value_bytes_max = value_bytes_max_default;
  std::int64_t tombstone_ttl_ms = tombstone_ttl_ms_default;
  std::size_t tombstone_count_max = tombstones_max;
  HashSecret hash_secret = {};  // the same on all nodes of ours that compare what they hold
  // Registers of an earlier run that are stamped further ahead than drift_max_ms get stamps of now.
  bool restamp_future = false;
};

struct MergeOutcome {
  bool changed = false;        // ours was older or absent: the register is now ours
  bool ours_is_newer = false;  // what arrived is older than what we hold
  std::optional<Slot> slot;    // where the key is held, if it is
};

// What was amiss with the stamps of an earlier run: that run's clock was wrong, or ours is.
struct Restored {
  std::size_t ahead = 0;            // registers stamped further ahead than drift_max_ms
  std::int64_t ahead_ms_max = 0;    // the furthest of them
  std::int64_t clock_ahead_ms = 0;  // by more than that: the clock did not go on from there
  std::size_t restamped = 0;
  std::size_t refused = 0;  // stamped after 2200, and not taken in
};

// Some of what a peer is to be sent.
struct TakenLacking {
  std::vector<RegisterPtr> registers;  // each key once
  // A key may be among them that was taken for the same peer before: they are not of one map.
  bool anew = false;
  bool more = false;
  // Nothing is left, and so many were never sent because their keys are lists: told once a peer.
  std::size_t withheld = 0;
};

// Up to the journal entry of the number `level`, a peer has held everything.
struct ProofAwaited {
  PeerId peer = 0;
  std::uint64_t level = 0;
};

class Replica {
 public:
  explicit Replica(const ReplicaOptions& options);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // ---- reading: any thread ----

  // The register at the canonical `key`, unless deleted; there until the section ends.
  [[nodiscard]] const Register* find(const ReadSection& section, ByteView canonical_key) const;
  // The same, to be kept.
  [[nodiscard]] RegisterPtr find(ByteView canonical_key) const;
  // Before several are looked for: see RegisterMap::prefetch.
  void prefetch(const ReadSection& section, std::span<const ByteView> canonical_keys) const;
  // The same, unless past its deadline at `deadline_ms` (WallTime::deadline_ms, Now::deadline_ms).
  [[nodiscard]] RegisterPtr get(ByteView canonical_key, std::int64_t deadline_ms) const;
  // Registers with a value (tombstones not counted).
  [[nodiscard]] std::size_t size() const;

  // Owner only: the monotonic time of the last change to any register; none before the first.
  [[nodiscard]] std::optional<std::int64_t> last_change_ms() const;

  // Whether each change yields a Changed effect. It does unless told otherwise; without a listener
  // that is work for nobody.
  void report_changes(bool wanted);
  // The same for SendToAll, while there is nobody to send to.
  void tell_peers(bool wanted);

  // ---- time ----

  // What this replica takes two readings of the clocks for; every `now` of a node is made here. The
  // lifetimes of tombstones stand by monotonic time where the wall clock was set.
  [[nodiscard]] Now believe(const Now& read);
  [[nodiscard]] WallTime& wall_time();
  [[nodiscard]] const WallTime& wall_time() const;

  // ---- local writes: always stamped above what is held; announced to all peers ----

  // expires_in_ms: none = never, 0 = at once (readers never see the value), else from now.
  // `value` must have passed the gate and check_unique_keys. Error, of either: clock_exhausted,
  // when the key has the last stamp there is.
  Result<void> set(ByteView canonical_key, const ValueView& value,
                   std::optional<std::int64_t> expires_in_ms, const Now& now, Effects& effects);
  // Leaves a tombstone, also where the key is unknown: another node may hold it.
  Result<void> erase(ByteView canonical_key, const Now& now, Effects& effects);
  // delete_all: forgets everything, tombstones too, and tells no peer (stock semantics: a
  // multi_call reaches each node). Listeners get a tombstone for each value.
  void clear(Effects& effects);

  // ---- from peers ----

  // A link came up, and it is asked what runs there: peer_up or peer_back follows, or neither.
  void peer_linked(PeerId peer, const Now& now);
  // It is gone. What a stock peer has shown outlives it, and costs no write anything from the next
  // wake on; of others nothing is kept.
  void peer_unlinked(PeerId peer, const Now& now);
  // No store runs there. Its deletes are of whatever is held here.
  void peer_without_store(PeerId peer, const Now& now, Effects& effects);
  void peer_up(PeerId peer, PeerKind kind, const Now& now);
  // What the peer has shown is forgotten.
  void peer_down(PeerId peer);
  // A new link to a peer whose storage process is still the same: what it has shown stands, what
  // was sent over the old link may be lost. Between the two no peer_down.
  void peer_back(PeerId peer, const Now& now);
  // While somebody is up of whom is not known yet what he is, no tombstone goes: he may be of ours.
  void await_kinds(bool unknown);
  // The shortest lifetime of tombstones among the nodes of ours that compare what they hold with
  // this one. Older ones are left out of the comparison, and kept for our own lifetime all the
  // same.
  void compare_tombstones_for(std::int64_t ttl_ms, const Now& now);
  [[nodiscard]] std::int64_t tombstone_ttl_ms() const;
  // A comparison with a node of ours came to its end: what either held when the one before was
  // over, or when the link came up, and the other did not, it was sent since. A tombstone stays
  // beyond its time until that is so of every such peer that is up.
  void peer_level(PeerId peer, const Now& now);
  // The peer's storage process died (a new pid): it holds nothing; forget what it has shown.
  void peer_lost_data(PeerId peer);
  // The peer is to be sent everything that we hold and it may be sent, tombstones included: on link
  // up, after peer_lost_data, and where it is asked for. Also of one that is not up.
  void lacks_everything(PeerId peer);
  // What the peer is to be sent next, in their versions of now: at most `count_max`, and not beyond
  // `bytes_max` in keys and values but for the first. It counts as sent. Without the list keys for
  // stock peers, and what is in doubt.
  [[nodiscard]] TakenLacking take_lacking(PeerId peer, std::size_t count_max,
                                          std::size_t bytes_max);
  // The link of the peer ended, or it cannot be sent any: what it lacks it will show again.
  void forget_lacking(PeerId peer);

  // One update_register (or one register of a partial update_registers). `from` 0 = unknown
  // sender. What is new to us is not passed on: its origin sends it to every node itself. Only one
  // that arrives past its deadline is announced, as the tombstone that it merges as.
  // Says nothing about what the peer holds: any process of its node may have sent it.
  MergeOutcome merge(PeerId from, const RegisterView& reg, const Now& now, Effects& effects);
  // The same of a write that a peer of ours sends as it is made: `changed` as well where a stock
  // peer or a comparison had brought it already, and nobody of ours had sent it so far.
  MergeOutcome merge_pushed(PeerId from, const RegisterView& reg, const Now& now, Effects& effects);
  // Many at once, one after the other but in less time: whether any changed.
  bool merge(PeerId from, std::span<const RegisterView> registers, const Now& now,
             Effects& effects);
  // Room for `registers` in all, before many come: merging is faster then.
  void reserve(std::size_t registers);

  // ---- what is done at a stock peer, in the order in which it is done there (store/acts.cpp) ----

  // What its clock has come to, where it could be asked: else what it writes tells which one it is.
  void clock_of(PeerId peer, const Timestamp& last);
  // An update_register that the peer's storage process itself sent: it was written there just now.
  // Merged as any register; but where the peer had our version, or had deleted it, the write came
  // after that, whatever its clock says: it gets a new stamp, and all others are told.
  MergeOutcome merge_write(PeerId peer, const RegisterView& reg, const Now& now, Effects& effects);
  // propagate_delete, which carries no stamp. It deletes what its sender had, and nothing that is
  // written there later: the tombstone stands just above what is held here, or, of an unknown key,
  // above what the sender is known to have stamped. Announced to all but the sender. While the
  // sender is just linked with, and could have written what is held here afterwards, its next state
  // decides.
  void delete_unstamped(PeerId from, ByteView canonical_key, const Now& now, Effects& effects);

  // A peer's complete state, register by register between begin and end. What is absent from it
  // is decided in `end` (section 7): shown before at our version and gone = deleted there, where
  // that peer has deletes, or all that it had shown is gone; else it lacks it and is sent it. What
  // it shows at an older version than ours is sent as well, once per version and peer (again after
  // correction_retry_ms, should its state still not show it), unless the write is younger than
  // correction_grace_ms (it is still on its way). Several may be under way, one per peer. A stock
  // peer is not sent tombstones of keys that it lacks: it reads nil as it is. Without peer_up and
  // begin_full_state, merge_full_state is merge, and end_full_state nothing. Begin says whether one
  // came before: only then are there pairs to know again, or worth keeping.
  bool begin_full_state(PeerId peer);
  // `pairs`: what each register came as, so that it is known when it comes again; or none.
  bool merge_full_state(PeerId peer, std::span<const RegisterView> registers, const Now& now,
                        Effects& effects, std::span<const ShownPair> pairs = {});
  // How much of the state ahead need not be read: pairs, the first of which has this place, whose
  // bytes came in the peer's last state as well, while our versions have stayed as they were. They
  // count as merged. The pair that this stops at is read, and merged before the state ends.
  [[nodiscard]] Repeated merge_repeated(PeerId peer, ByteView ahead, std::size_t place,
                                        std::size_t count_max);
  // Whether any register changed by it.
  bool end_full_state(PeerId peer, const Now& now, Effects& effects);

  // ---- clock ----
  // None at the end of time (stamp_time_ms_end).
  std::optional<Timestamp> send_timestamp(const Now& now);
  ReceiveOutcome receive_timestamp(const Timestamp& stamp, const Now& now);

  // Registers that were not taken in because of their stamps (stamp_time_ms_end), since the start.
  [[nodiscard]] std::size_t refused_stamps() const;

  // ---- time: expiry and tombstone lifetime ----
  void wake(const Now& now, Effects& effects);
  // Wall time of the next deadline, if any, seen from `now`.
  [[nodiscard]] std::optional<std::int64_t> next_wake_wall_ms(const Now& now = {}) const;

  // ---- what outlives the process ----

  // Takes in a register of an earlier run: our version of its key, as if it had been here all the
  // time, with no effects. Before anything else, and each key once. What is past its deadline is
  // hidden from readers, and becomes a tombstone when a peer has said what time it is, or none has
  // in deadlines_await_ms_max. A tombstone past its lifetime goes at the next wake.
  void restore(const KeptRegister& kept, const Now& now);
  // Stamps of this clock will be above `last`, that of an earlier run, and above those that it may
  // have issued up to `unsaved_ms` later. Not where `last` is further ahead than drift_max_ms: then
  // stamps follow wall time, above what is held of their keys.
  void restore_clock(const Timestamp& last, std::int64_t unsaved_ms, const Now& now);
  [[nodiscard]] const Restored& restored() const;

  // This node was away for so long that tombstones of meanwhile may be gone: the values that are
  // restored from here on are in doubt (store/doubt.hpp).
  void begin_doubt();
  // After the last of them: who may prove that some were deleted. Ends the doubt about all others.
  void await_proofs(std::span<const ProofAwaited> proofs);
  [[nodiscard]] bool in_doubt() const;
  // How many values are in doubt; looks at all.
  [[nodiscard]] std::size_t doubtful() const;
  // A peer is ready: whether its memory is the one that it had when it was last level with us.
  void peer_memory(PeerId peer, bool same, const Now& now, Effects& effects);
  // A peer of ours has shown all that it has, but for what it `doubts`. (A stock peer has when
  // end_full_state ends its state.)
  void peer_shown(PeerId peer, bool doubts, const Now& now, Effects& effects);
  // The peer has held everything up to the journal entry of this number.
  [[nodiscard]] std::uint64_t level_of(PeerId peer) const;

  // From now on every change of a register goes into the journal, whose first entry gets the number
  // after `last`.
  void keep_journal(std::uint64_t last = 0);
  // Changes since the last call; and the number of the last of all, these included.
  [[nodiscard]] std::vector<JournalEntry> take_journal();
  [[nodiscard]] std::uint64_t journal_end() const;
  // What of the clock is to be kept: no stamp that was issued, or is to move it, is above.
  [[nodiscard]] Timestamp clock() const;
  // It is kept up to here: see HybridClock::saved.
  void clock_saved(const Timestamp& stamp);
  [[nodiscard]] bool clock_awaits_saving() const;

  // An exception (no memory) came at a moment at which the parts of the replica did not fit each
  // other: it must not be written to any more. Any other exception leaves it as it was, or with a
  // part of what the call would have done.
  [[nodiscard]] bool is_torn() const;

  // Every register, tombstones included, in no order (sys:get_state). Owner only.
  void for_each(const std::function<void(const RegisterPtr&)>& visit) const;
  // What is held, for comparison with another replica of ours. Owner only.
  [[nodiscard]] const RegisterMap& registers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace groot::store
