#include "store/peer_knowledge.hpp"

#include <algorithm>
#include <utility>

#include "store/limits.hpp"

namespace groot::store {

void PeerKnowledge::version_changed(Slot slot) {
  shown_.clear(slot);
  sent_.clear(slot);
  sent_before_.clear(slot);
  done_.clear(slot);
  told_.clear(slot);
  if (in_full_state_) changed_.set(slot);
}

void PeerKnowledge::clock_is(const Timestamp& last) {
  if (clock_id_ == last.node_id) return;
  clock_id_ = last.node_id;
  own_last_ = own_shown_ = last;
}

void PeerKnowledge::clock_told(const Timestamp& last) {
  clock_is(last);
  followed_since_ = last;
}

void PeerKnowledge::wrote(const Timestamp& stamp) {
  clock_is(stamp);
  own_last_ = own_shown_ = std::max(own_last_, stamp);
}

void PeerKnowledge::slot_vacated(Slot slot) {
  version_changed(slot);
  lacking_.vacated(slot);
  vacated_.set(slot);
  if (in_full_state_) vacated_meanwhile_.set(slot);
}

void PeerKnowledge::sent(Slot slot) {
  shown_.clear(slot);
  sent_.set(slot);
}

void PeerKnowledge::lacks_all(Slot end) {
  lacking_.add_all(end);
  for (auto slot = done_.next(0); slot; slot = done_.next(*slot + 1)) lacking_.remove(*slot);
}

void PeerKnowledge::forget_old_sends(std::int64_t monotonic_ms) {
  if (monotonic_ms - retry_epoch_ms_ < correction_retry_ms) return;
  retry_epoch_ms_ = monotonic_ms;
  sent_before_ = std::exchange(sent_, {});
}

void PeerKnowledge::levelled(std::int64_t monotonic_ms, std::uint64_t number) {
  level_since_ms_ = std::exchange(level_ms_, monotonic_ms);
  level_number_ = std::exchange(number_before_, std::exchange(last_number_, number));
}

void PeerKnowledge::shown_since(const std::optional<std::int64_t>& unshown_since_ms,
                                std::int64_t monotonic_ms, std::uint64_t number) {
  if (!unshown_since_ms) {
    level_number_ = number;
  } else if (*unshown_since_ms > state_ms_) {
    level_number_ = last_number_;
  }
  state_ms_ = monotonic_ms;
  last_number_ = number;
}

void PeerKnowledge::left(std::int64_t monotonic_ms) {
  link_renewed(monotonic_ms);
  left_ms_ = monotonic_ms;
  // That a state is read faster when it is the same is not worth its memory now.
  pairs_.forget();
  for (SlotBits* void_now :
       {&sent_, &sent_before_, &seen_, &changed_, &vacated_, &vacated_meanwhile_}) {
    *void_now = SlotBits();
  }
}

void PeerKnowledge::link_renewed(std::int64_t monotonic_ms) {
  link_since_ms_ = monotonic_ms;
  left_ms_.reset();
  followed_since_.reset();
  sent_.clear_all();
  sent_before_.clear_all();
  lacking_.clear();
  end_full_state();
}

void PeerKnowledge::peer_lost_data() {
  lacking_.clear();
  shown_.clear_all();
  sent_.clear_all();
  sent_before_.clear_all();
  done_.clear_all();
  told_.clear_all();
  pairs_.forget();
  has_shown_all_ = false;
  level_number_ = 0;
  state_ms_ = std::numeric_limits<std::int64_t>::max();
  followed_since_.reset();
  end_full_state();
}

void PeerKnowledge::we_lost_data() {
  lacking_.clear();
  done_.clear_all();
  told_.clear_all();
  shown_.clear_all();
  sent_.clear_all();
  sent_before_.clear_all();
  seen_.clear_all();
  changed_.clear_all();
  pairs_.forget();  // those of the state under way too: they name slots that begin anew
}

bool PeerKnowledge::begin_full_state() {
  end_full_state();
  in_full_state_ = true;
  vacated_meanwhile_.clear_all();
  pairs_.begin();
  return has_shown_all_;
}

Repeated PeerKnowledge::take_repeated(ByteView ahead, std::size_t place, std::size_t count_max) {
  Repeated taken;
  if (!in_full_state_) return taken;
  while (taken.pairs < count_max) {
    const RepeatedPairs::Pair* const pair = pairs_.next(ahead.subspan(taken.bytes));
    if (pair == nullptr || !shown_.test(pair->slot) || vacated_.test(pair->slot)) {
      pairs_.differs(place + taken.pairs);
      break;
    }
    seen_.set(pair->slot);
    shows_again_ = true;
    taken.bytes += pair->size;
    pairs_.repeated(place + taken.pairs);
    ++taken.pairs;
  }
  return taken;
}

void PeerKnowledge::showed(Slot slot, bool up_to_date) {
  if (!in_full_state_) return;
  seen_.set(slot);
  if (up_to_date) {
    if (shown_.test(slot)) shows_again_ = true;
    shown_.set(slot);
    lacking_.remove(slot);
    sent_.clear(slot);  // should it be lost there later, it may be sent again
    sent_before_.clear(slot);
  } else {
    shown_.clear(slot);
  }
}

Verdict PeerKnowledge::judge(Slot slot, const Register& reg, bool young, bool ancient) const {
  if (is_settled(slot)) return Verdict::nothing;
  const bool absent = !seen_.test(slot);
  // It shows what we stamped anew under its own stamp.
  const bool had_it = shown_.test(slot) || (done_.test(slot) && !reg.is_tombstone());
  if (absent && reg.is_tombstone()) {
    // Nothing to delete there. A stock peer that lacks the key reads nil as it is; one of ours that
    // had the tombstone has outlived it, one that never had it needs it as we do.
    if (kind_ != PeerKind::ours || had_it || ancient) return Verdict::nothing;
  } else if (absent && had_it) {
    if (kind_ == PeerKind::stock_with_delete || was_wiped()) return Verdict::deleted_there;
    return may_be_sent(reg) ? Verdict::send : Verdict::nothing;
  }
  const bool on_its_way =
      young || changed_.test(slot) || sent_.test(slot) || sent_before_.test(slot);
  return on_its_way || !may_be_sent(reg) ? Verdict::nothing : Verdict::send;
}

void PeerKnowledge::end_full_state() {
  in_full_state_ = false;
  shows_again_ = false;
  reclaimed_ = 0;
  own_last_ = own_shown_;
  seen_.clear_all();
  changed_.clear_all();
}

void PeerKnowledge::complete_full_state() {
  pairs_.end();
  vacated_ = std::exchange(vacated_meanwhile_, {});
  has_shown_all_ = true;
  end_full_state();
  if (!followed_since_) followed_since_ = own_last_;
}

}  // namespace groot::store
