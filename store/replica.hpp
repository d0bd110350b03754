// The replica: every decision about registers, and nothing else. Local writes, merges, deletes,
// expiry, what each peer has shown and therefore lacks, has deleted, or has lost.
//
// Pure: time and peers are arguments, what it wants done is appended to `effects`. No sockets, no
// threads, no system clock. Semantics: groot-protocol sections 5, 6 and 7.
//
// Threads: one call at a time (the owner holds a lock), except `find`, `get` and `size`, which any
// thread may call at any time.
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

namespace groot::store {

struct ReplicaOptions {
  std::uint64_t node_id = 0;  // 64 random bits a start
  std::size_t value_bytes_max = value_bytes_max_default;
  std::int64_t tombstone_ttl_ms = tombstone_ttl_ms_default;
  std::size_t tombstone_count_max = tombstones_max;
};

struct MergeOutcome {
  bool changed = false;        // ours was older or absent: the register is now ours
  bool ours_is_newer = false;  // what arrived is older than what we hold
  std::optional<Slot> slot;    // where the key is held, if it is
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
  // The same, unless past its deadline at `wall_ms`.
  [[nodiscard]] RegisterPtr get(ByteView canonical_key, std::int64_t wall_ms) const;
  // Registers with a value (tombstones not counted).
  [[nodiscard]] std::size_t size() const;

  // Owner only: the monotonic time of the last change to any register; none before the first.
  [[nodiscard]] std::optional<std::int64_t> last_change_ms() const;

  // Whether each change yields a Changed effect. It does unless told otherwise; without a listener
  // that is work for nobody.
  void report_changes(bool wanted);
  // The same for SendToAll, while there is nobody to send to.
  void tell_peers(bool wanted);

  // ---- local writes: always stamped above what is held; announced to all peers ----

  // expires_in_ms: none = never, 0 = at once (readers never see the value), else from now.
  // `value` must have passed the gate and check_unique_keys.
  Result<void> set(ByteView canonical_key, const ValueView& value,
                   std::optional<std::int64_t> expires_in_ms, const Now& now, Effects& effects);
  // Leaves a tombstone, also where the key is unknown: another node may hold it.
  Result<void> erase(ByteView canonical_key, const Now& now, Effects& effects);
  // delete_all: forgets everything, tombstones too, and tells no peer (stock semantics: a
  // multi_call reaches each node). Listeners get a tombstone for each value.
  void clear(Effects& effects);

  // ---- from peers ----

  void peer_up(PeerId peer, PeerKind kind, const Now& now);
  // What the peer has shown is forgotten.
  void peer_down(PeerId peer);
  // A new link to a peer whose storage process is still the same: what it has shown stands, what
  // was sent over the old link may be lost. Between the two no peer_down.
  void peer_back(PeerId peer, const Now& now);
  // While somebody is up of whom is not known yet what he is, no tombstone goes: he may be of ours.
  void await_kinds(bool unknown);
  // A comparison with a node of ours came to its end: what either held when the one before was
  // over, or when the link came up, and the other did not, it was sent since. A tombstone stays
  // beyond its time until that is so of every such peer that is up.
  void peer_level(PeerId peer, const Now& now);
  // The peer's storage process died (a new pid): it holds nothing; forget what it has shown.
  void peer_lost_data(PeerId peer);
  // Everything we hold that this peer may be sent, tombstones included (empty when nothing): on
  // link up and after peer_lost_data. Skips list keys for stock peers, and reports how many.
  [[nodiscard]] std::vector<RegisterPtr> full_state_for(PeerId peer, Effects& effects);

  // One update_register (or one register of a partial update_registers). `from` 0 = unknown
  // sender. What is new to us is not passed on: its origin sends it to every node itself. Only one
  // that arrives past its deadline is announced, as the tombstone that it merges as.
  // Says nothing about what the peer holds: any process of its node may have sent it.
  MergeOutcome merge(PeerId from, const RegisterView& reg, const Now& now, Effects& effects);
  // Many at once, one after the other but in less time: whether any changed.
  bool merge(PeerId from, std::span<const RegisterView> registers, const Now& now,
             Effects& effects);
  // Room for `registers` in all, before many come: merging is faster then.
  void reserve(std::size_t registers);
  // propagate_delete, which carries no stamp: stamped on arrival, announced as a tombstone to all
  // but `from`. Nothing happens where we hold a tombstone already.
  void delete_unstamped(PeerId from, ByteView canonical_key, const Now& now, Effects& effects);

  // A peer's complete state, register by register between begin and end. What is absent from it
  // is decided in `end` (section 7): shown before at our version and gone = deleted there, where
  // that peer has deletes; else it lacks it and is sent it. What it shows at an older version than
  // ours is sent as well, once per version and peer (again after correction_retry_ms, should its
  // state still not show it), unless the write is younger than correction_grace_ms (it is still on
  // its way). Several may be under way, one per peer.
  // A stock peer is not sent tombstones of keys that it lacks: it reads nil as it is.
  // Without peer_up and begin_full_state, merge_full_state is merge, and end_full_state nothing.
  // Begin says whether one came before: only then are there pairs to know again, or worth keeping.
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
  Timestamp send_timestamp(const Now& now);
  ReceiveOutcome receive_timestamp(const Timestamp& stamp, const Now& now);

  // ---- time: expiry and tombstone lifetime ----
  void wake(const Now& now, Effects& effects);
  // Wall time of the next deadline, if any.
  [[nodiscard]] std::optional<std::int64_t> next_wake_wall_ms() const;

  // ---- what outlives the process ----

  // Takes in a register of an earlier run: our version of its key, as if it had been here all the
  // time, with no effects. Before anything else, and each key once. What is past its deadline comes
  // as the tombstone that it leaves; a tombstone past its lifetime goes at the next wake.
  void restore(const KeptRegister& kept, const Now& now);
  // Stamps of this clock will be above `last`, that of an earlier run, whatever wall time says.
  void restore_clock(const Timestamp& last);
  // This node was last there at `left_ms`, so long ago that tombstones of meanwhile may be gone:
  // the values restored are in doubt (store/doubt.hpp) until a peer's state decides which of them
  // go. A stock peer's state is one that end_full_state ended; a peer of ours says by itself that
  // it has shown all, but for what it `doubts`; and of each is told since when it has been there
  // (wall time).
  void doubt_restored(std::int64_t left_ms);
  [[nodiscard]] bool in_doubt() const;
  void peer_shown(PeerId peer, bool doubts, const Now& now, Effects& effects);
  void peer_since(PeerId peer, std::int64_t since_ms, const Now& now, Effects& effects);

  // From now on every change of a register goes into the journal.
  void keep_journal();
  // Changes since the last call; and how many there were in all, these included.
  [[nodiscard]] std::vector<JournalEntry> take_journal();
  [[nodiscard]] std::uint64_t journal_end() const;
  // No stamp that was issued, or moved the clock, is above it.
  [[nodiscard]] const Timestamp& clock() const;

  // Every register, tombstones included, in no order (sys:get_state). Owner only.
  void for_each(const std::function<void(const RegisterPtr&)>& visit) const;
  // The same without what is in doubt: what others may see (nodeup, sync).
  void for_each_certain(const std::function<void(const RegisterPtr&)>& visit) const;
  // What is held, for comparison with another replica of ours. Owner only.
  [[nodiscard]] const RegisterMap& registers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace groot::store
