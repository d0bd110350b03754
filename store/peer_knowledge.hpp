// What we know of one peer's registers, and what follows from it when the peer shows its complete
// state (groot-protocol section 7). Three bits for each slot:
//
//   shown  its last full state showed our current version of the key, or a newer one
//   sent   our current version was sent to it as a correction, in the last correction_retry_ms or
//          the one before
//   done   our current version is what was done there: a delete, or a write that we stamped anew;
//          or what it may have deleted there, which its next state tells
//   told   our current version came from it, while it was just linked with
//
// All are void as soon as our version changes: a full state that the peer produced before our
// write arrived there says nothing about that write. Only a full state sets `shown`: a single
// update may come from any process of the peer's node, so it does not prove that the peer's storage
// holds the key, and a delete must not be concluded from it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "store/effects.hpp"
#include "store/lacking.hpp"
#include "store/limits.hpp"
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
  // `secret`: see RepeatedPairs.
  PeerKnowledge(PeerId id, PeerKind kind, std::int64_t monotonic_ms, const HashSecret& secret)
      : id_(id),
        kind_(kind),
        level_ms_(monotonic_ms),
        retry_epoch_ms_(monotonic_ms),
        pairs_(secret) {}

  [[nodiscard]] PeerId id() const { return id_; }
  [[nodiscard]] PeerKind kind() const { return kind_; }
  // A stock storage process dies of a key that is a list.
  [[nodiscard]] bool may_be_sent(const Register& reg) const {
    return kind_ == PeerKind::ours || !reg.key_is_list();
  }

  // Our version of the slot's key changed.
  void version_changed(Slot slot);
  // The slot no longer holds that key; it may come to hold another.
  void slot_vacated(Slot slot);
  // Our version was sent to this peer because it lacks it.
  void sent(Slot slot);
  // A link came up; what is known of its other end is from an earlier one, or nothing.
  void linked(std::int64_t monotonic_ms) {
    linked_ms_ = monotonic_ms;
    left_ms_.reset();
    followed_since_.reset();
  }
  [[nodiscard]] std::int64_t linked_ms() const { return linked_ms_; }
  void identified(PeerKind kind) { kind_ = kind; }
  // The link is gone, and what was on its way with it. Until `came_back` it need not be told of
  // versions that change from the next millisecond on.
  void left(std::int64_t monotonic_ms);
  [[nodiscard]] const std::optional<std::int64_t>& left_ms() const { return left_ms_; }
  // `is_unchanged(slot)`: the slot holds the version that it held when the peer left.
  template <class IsUnchanged>
  void came_back(IsUnchanged&& is_unchanged) {
    shown_.keep_if(is_unchanged);
    done_.keep_if(is_unchanged);
    told_.keep_if(is_unchanged);
  }
  // A new link: nothing from before it is on its way any more.
  void link_renewed(std::int64_t monotonic_ms);
  [[nodiscard]] std::int64_t link_since_ms() const { return link_since_ms_; }
  // A comparison with it came to its end: either has been sent what it lacked of the other.
  // `number`: of the last entry of the journal.
  void levelled(std::int64_t monotonic_ms, std::uint64_t number);
  // It has been sent everything that came to be here by then, and was corrected where it held an
  // older version: a comparison that is over began later than that.
  [[nodiscard]] std::int64_t level_since_ms() const { return level_since_ms_; }
  // It holds everything up to the journal entry of this number, and has held it for some seconds:
  // one of ours has it in its file.
  [[nodiscard]] std::uint64_t level_number() const { return level_number_; }
  // A complete full state of it is at its end. `unshown_since_ms`: when the earliest of the values
  // that it does not show at our version, and could, came to be here; none: it shows all.
  void shown_since(const std::optional<std::int64_t>& unshown_since_ms, std::int64_t monotonic_ms,
                   std::uint64_t number);
  // What it is to be sent, as its link takes it.
  [[nodiscard]] Lacking& lacking() { return lacking_; }
  // All slots below `end`, but for what it may have deleted: that is not given back.
  void lacks_all(Slot end);
  // Forgets what was sent too long ago.
  void forget_old_sends(std::int64_t monotonic_ms);
  // The peer holds nothing any more, or we do not. A full state under way ends without conclusion
  // in the first case and goes on in the second.
  void peer_lost_data();
  void we_lost_data();

  // Its last full state showed our current version of the slot's key.
  [[nodiscard]] bool has_shown(Slot slot) const { return shown_.test(slot); }

  // ---- what is done at a stock peer, in its order (store/acts.cpp) ----

  // Our version of the slot's key is what was done there.
  void done(Slot slot) {
    done_.set(slot);
    lacking_.remove(slot);
  }
  [[nodiscard]] bool has_done(Slot slot) const { return done_.test(slot); }
  [[nodiscard]] bool has_done_any() const { return done_.any(); }
  // Whoever wrote the key there since had our version before, or had deleted it.
  [[nodiscard]] bool knew(Slot slot) const { return shown_.test(slot) || done_.test(slot); }
  // It was asked what its clock has come to; the stamp's node id is that clock's. Of a clock that
  // is known, what it stamps is told by what the peer shows.
  void clock_told(const Timestamp& last);
  // Its storage process sent a write of its own.
  void wrote(const Timestamp& stamp);
  // Its full state shows a register with this stamp: what its own clock stamped is counted.
  void showed_stamp(const Timestamp& stamp) {
    if (stamp.node_id == clock_id_ && stamp > own_shown_) own_shown_ = stamp;
  }
  // Its own clock made the stamp, after everything that it had let us see before this full state.
  [[nodiscard]] bool is_new_write(const Timestamp& stamp) const {
    return stamp.node_id == clock_id_ && stamp > own_last_;
  }
  // Its own clock stamped this version, or the one that this tombstone deletes: stamps tell whether
  // a write of it came before that or after.
  [[nodiscard]] bool has_stamped(const Register& reg) const {
    const std::uint64_t id = reg.stamp().node_id;
    return id == clock_id_ || (reg.is_tombstone() && id == clock_id_ + 1);
  }
  // Whether it can be told what it wrote before, and what after, something that it sends. Not while
  // it has just been linked with.
  [[nodiscard]] bool is_followed() const { return followed_since_.has_value(); }
  // Not followed: whether this version, here since `changed_ms`, may be of it and of later than
  // what comes over the link. What was here before the link was begun is not.
  [[nodiscard]] bool may_have_written_since(Slot slot, const Register& reg,
                                            std::int64_t changed_ms) const {
    const bool its_own =
        clock_id_ == 0 || (reg.stamp().node_id == clock_id_ && reg.stamp() > own_last_);
    return its_own && !told_.test(slot) && changed_ms > linked_ms_ - link_setup_max_ms;
  }
  // It sent our version itself.
  void told(Slot slot) { told_.set(slot); }
  // It wrote this version after all that it has sent over this link, by which it sends everything.
  [[nodiscard]] bool wrote_since(const Register& reg) const {
    return followed_since_ && reg.stamp().node_id == clock_id_ &&
           reg.stamp() > std::max(*followed_since_, own_last_);
  }
  // The latest stamp of its own clock that we know of; none while that clock is unknown.
  [[nodiscard]] const Timestamp& own_last() const { return own_last_; }

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
  // The full state under way shows nothing of what the one before showed, and that showed
  // something: the process was told to forget everything. On no version of Groot does one that
  // lives lose what it holds in any other way.
  [[nodiscard]] bool was_wiped() const { return has_shown_all_ && !shows_again_ && shown_.any(); }
  // Whether one more of the tombstones that this full state shows may be reclaimed.
  [[nodiscard]] bool may_reclaim() { return reclaimed_++ < reclaims_a_state_max; }
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
  void clock_is(const Timestamp& last);

  PeerId id_;
  PeerKind kind_;
  // When a comparison was over last, or could first begin; the same of the one before.
  std::int64_t level_ms_;
  std::int64_t level_since_ms_ = std::numeric_limits<std::int64_t>::min();
  std::uint64_t level_number_ = 0;
  // Of a node of ours: the numbers when the last comparison was over, and the one before. Of a
  // stock node: when it showed its last state, and the number then.
  std::uint64_t last_number_ = 0;
  std::uint64_t number_before_ = 0;
  std::int64_t state_ms_ = std::numeric_limits<std::int64_t>::max();
  SlotBits shown_;
  SlotBits sent_;
  SlotBits sent_before_;  // in the epoch before this one
  Lacking lacking_;
  std::int64_t retry_epoch_ms_;
  std::int64_t link_since_ms_ = std::numeric_limits<std::int64_t>::min();
  std::int64_t linked_ms_ = std::numeric_limits<std::int64_t>::max();
  std::optional<std::int64_t> left_ms_;  // there is no link now
  bool in_full_state_ = false;
  SlotBits seen_;             // in the full state under way
  SlotBits changed_;          // our version changed while it was under way
  bool shows_again_ = false;  // something that the one before showed as well
  std::size_t reclaimed_ = 0;
  bool has_shown_all_ = false;
  SlotBits done_;
  SlotBits told_;
  std::uint64_t clock_id_ = 0;  // of its clock; 0: unknown
  Timestamp own_last_;          // of that clock, before the full state under way
  Timestamp own_shown_;         // the same with it
  // All that it wrote later than this comes over this link, after a complete state or the answer of
  // its clock.
  std::optional<Timestamp> followed_since_;
  // Slots that a pair may be bound to, though they no longer hold its key: what was vacated since
  // the last complete state began, and, of that, since the one under way did.
  SlotBits vacated_;
  SlotBits vacated_meanwhile_;
  RepeatedPairs pairs_;
};

}  // namespace groot::store
