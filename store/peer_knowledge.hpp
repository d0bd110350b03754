// What we know of one peer's registers, and what follows from it when the peer shows its complete
// state (groot-protocol section 7). Two bits for each slot:
//
//   shown  its last full state showed our current version of the key, or a newer one
//   sent   our current version was sent to it as a correction, in the last correction_retry_ms or
//          the one before
//
// Both are void as soon as our version changes: a full state that the peer produced before our
// write arrived there says nothing about that write. Only a full state sets `shown`: a single
// update may come from any process of the peer's node, so it does not prove that the peer's storage
// holds the key, and a delete must not be concluded from it.
#pragma once

#include <cstdint>
#include <limits>

#include "store/effects.hpp"
#include "store/register.hpp"
#include "store/register_map.hpp"
#include "store/repeated_pairs.hpp"
#include "store/slot_bits.hpp"

namespace groot::store {

enum class Verdict {
  nothing,        // the peer has it, need not have it, or it is on its way there
  send,           // the peer lacks our version
  deleted_there,  // the peer had our version and deleted it
};

class PeerKnowledge {
 public:
  // `seed`: see RepeatedPairs.
  PeerKnowledge(PeerId id, PeerKind kind, std::int64_t monotonic_ms, std::uint64_t seed)
      : id_(id),
        kind_(kind),
        level_ms_(monotonic_ms),
        retry_epoch_ms_(monotonic_ms),
        pairs_(seed) {}

  [[nodiscard]] PeerId id() const { return id_; }
  [[nodiscard]] PeerKind kind() const { return kind_; }
  // A stock storage process dies of a key that is a list.
  [[nodiscard]] bool may_be_sent(const Register& reg) const {
    return kind_ == PeerKind::ours || !reg.key_is_list();
  }

  // Our version of the slot's key changed, or the slot no longer holds that key.
  void version_changed(Slot slot);
  // Our version was sent to this peer because it lacks it.
  void sent(Slot slot);
  // A new link: nothing from before it is on its way any more.
  void link_renewed(std::int64_t monotonic_ms);
  [[nodiscard]] std::int64_t link_since_ms() const { return link_since_ms_; }
  // A comparison with it came to its end: either has been sent what it lacked of the other.
  void levelled(std::int64_t monotonic_ms);
  // It has been sent everything that came to be here by then, and was corrected where it held an
  // older version: a comparison that is over began later than that.
  [[nodiscard]] std::int64_t level_since_ms() const { return level_since_ms_; }
  // Forgets what was sent too long ago.
  void forget_old_sends(std::int64_t monotonic_ms);
  // The peer holds nothing any more, or we do not. A full state under way ends without conclusion
  // in the first case and goes on in the second.
  void peer_lost_data();
  void we_lost_data();

  // Its last full state showed our current version of the slot's key.
  [[nodiscard]] bool has_shown(Slot slot) const { return shown_.test(slot); }

  // Whether a complete one came before.
  bool begin_full_state();
  [[nodiscard]] bool in_full_state() const { return in_full_state_; }
  // The full state under way shows the slot's key, at our current version or newer, or older.
  void showed(Slot slot, bool up_to_date);
  // True for the slots about which `judge` would say nothing, whatever they hold; cheap.
  [[nodiscard]] bool is_settled(Slot slot) const { return seen_.test(slot) && shown_.test(slot); }
  // Precondition: in_full_state(), and all of it was shown. `young`: the write is so recent that it
  // may still be on its way. `ancient`: a tombstone that the peer would not take in.
  [[nodiscard]] Verdict judge(Slot slot, const Register& reg, bool young, bool ancient) const;
  // It ends without a conclusion, or with its last register.
  void end_full_state();
  void complete_full_state();

  // The pairs of the full state under way that `ahead` begins with, the first at `place`, as far as
  // they are those that the last one had here and still show our versions: they have been shown.
  [[nodiscard]] Repeated take_repeated(ByteView ahead, std::size_t place, std::size_t count_max);
  // The pair that take_repeated stopped at shows this slot. `as_before`: should it come again while
  // our version stays, it would change nothing.
  void read_pair(const ShownPair& pair, Slot slot, bool as_before) {
    pairs_.read(pair.place, slot, as_before ? pair.bytes : ByteView());
  }

 private:
  PeerId id_;
  PeerKind kind_;
  // When a comparison was over last, or could first begin; the same of the one before.
  std::int64_t level_ms_;
  std::int64_t level_since_ms_ = std::numeric_limits<std::int64_t>::min();
  SlotBits shown_;
  SlotBits sent_;
  SlotBits sent_before_;  // in the epoch before this one
  std::int64_t retry_epoch_ms_;
  std::int64_t link_since_ms_ = std::numeric_limits<std::int64_t>::min();
  bool in_full_state_ = false;
  SlotBits seen_;     // in the full state under way
  SlotBits changed_;  // our version changed while it was under way
  bool has_shown_all_ = false;
  RepeatedPairs pairs_;
};

}  // namespace groot::store
