#include "store/peer_knowledge.hpp"

#include <utility>

#include "store/limits.hpp"

namespace groot::store {

void PeerKnowledge::version_changed(Slot slot) {
  shown_.clear(slot);
  sent_.clear(slot);
  sent_before_.clear(slot);
  if (in_full_state_) changed_.set(slot);
}

void PeerKnowledge::sent(Slot slot) {
  shown_.clear(slot);
  sent_.set(slot);
}

void PeerKnowledge::forget_old_sends(std::int64_t monotonic_ms) {
  if (monotonic_ms - retry_epoch_ms_ < correction_retry_ms) return;
  retry_epoch_ms_ = monotonic_ms;
  sent_before_ = std::exchange(sent_, {});
}

void PeerKnowledge::levelled(std::int64_t monotonic_ms) {
  level_since_ms_ = std::exchange(level_ms_, monotonic_ms);
}

void PeerKnowledge::link_renewed(std::int64_t monotonic_ms) {
  link_since_ms_ = monotonic_ms;
  sent_.clear_all();
  sent_before_.clear_all();
  end_full_state();
}

void PeerKnowledge::peer_lost_data() {
  shown_.clear_all();
  sent_.clear_all();
  sent_before_.clear_all();
  pairs_.forget();
  has_shown_all_ = false;
  end_full_state();
}

void PeerKnowledge::we_lost_data() {
  shown_.clear_all();
  sent_.clear_all();
  sent_before_.clear_all();
  seen_.clear_all();
  changed_.clear_all();
}

bool PeerKnowledge::begin_full_state() {
  end_full_state();
  in_full_state_ = true;
  pairs_.begin();
  return has_shown_all_;
}

Repeated PeerKnowledge::take_repeated(ByteView ahead, std::size_t place, std::size_t count_max) {
  Repeated taken;
  if (!in_full_state_) return taken;
  while (taken.pairs < count_max) {
    const RepeatedPairs::Pair* const pair = pairs_.next(ahead.subspan(taken.bytes));
    if (pair == nullptr || !shown_.test(pair->slot)) {
      pairs_.differs(place + taken.pairs);
      break;
    }
    seen_.set(pair->slot);
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
    shown_.set(slot);
    sent_.clear(slot);  // should it be lost there later, it may be sent again
    sent_before_.clear(slot);
  } else {
    shown_.clear(slot);
  }
}

Verdict PeerKnowledge::judge(Slot slot, const Register& reg, bool young, bool ancient) const {
  if (is_settled(slot)) return Verdict::nothing;
  const bool absent = !seen_.test(slot);
  const bool had_it = shown_.test(slot);
  if (absent && reg.is_tombstone()) {
    // Nothing to delete there. A stock peer that lacks the key reads nil as it is; one of ours that
    // had the tombstone has outlived it, one that never had it needs it as we do.
    if (kind_ != PeerKind::ours || had_it || ancient) return Verdict::nothing;
  } else if (absent && had_it) {
    if (kind_ == PeerKind::stock_with_delete) return Verdict::deleted_there;
    return may_be_sent(reg) ? Verdict::send : Verdict::nothing;
  }
  const bool on_its_way =
      young || changed_.test(slot) || sent_.test(slot) || sent_before_.test(slot);
  return on_its_way || !may_be_sent(reg) ? Verdict::nothing : Verdict::send;
}

void PeerKnowledge::end_full_state() {
  in_full_state_ = false;
  seen_.clear_all();
  changed_.clear_all();
}

void PeerKnowledge::complete_full_state() {
  pairs_.end();
  has_shown_all_ = true;
  end_full_state();
}

}  // namespace groot::store
