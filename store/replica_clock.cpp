// The replica's clock: what it learns from stamps, which of them it refuses, and what of it
// outlives the process; and what is due as time passes.
#include <algorithm>
#include <string>

#include "store/replica_impl.hpp"

namespace groot::store {
namespace {

std::int64_t ahead_ms(const Timestamp& stamp, const Now& now) {
  return static_cast<std::int64_t>(std::min(stamp.time_ms, time_ms_max)) - now.wall_ms;
}

}  // namespace

void Replica::Impl::learn_stamp(PeerId from, const Timestamp& stamp, const Now& now,
                                Effects& effects) {
  const ReceiveOutcome outcome = clock.receive(stamp, now.wall_ms);
  if (!outcome.rejected) [[likely]]
    return;
  if (!reports.tell({Report::Cause::drift_ahead, from}, now.monotonic_ms,
                    stamp_report_interval_ms)) {
    return;
  }
  effects.emplace_back(Report{Report::Cause::drift_ahead,
                              "sent stamp " + to_text(stamp) + ", " +
                                  std::to_string(outcome.drift_ms) +
                                  " ms ahead of our wall time; merged, our clock is not moved",
                              nullptr, from});
}

Now Replica::believe(const Now& read) {
  Impl& impl = *impl_;
  const Now now = impl.wall_time.believe(read);
  if (const std::int64_t set_ms = impl.wall_time.take_set(); set_ms != 0) [[unlikely]]
    impl.wall_was_set(set_ms);
  return now;
}

// No time passed by it. The file counts the lifetimes of tombstones from the time at which they are
// written: they are written again.
void Replica::Impl::wall_was_set(std::int64_t by_ms) {
  tombstones.postpone(by_ms);
  registers.for_each([this](Slot, const RegisterPtr& reg) {
    if (reg->is_tombstone()) journal.stored(reg.get());
  });
}

WallTime& Replica::wall_time() {
  return impl_->wall_time;
}

const WallTime& Replica::wall_time() const {
  return impl_->wall_time;
}

MergeOutcome Replica::Impl::refuse(PeerId from, PeerKnowledge* shower, const RegisterView& reg,
                                   std::uint64_t hash, const Now& now, Effects& effects) {
  if (auto text = refused_stamps.refused(from, reg.stamp, now.monotonic_ms)) {
    effects.emplace_back(Report{Report::Cause::stamp_refused, *std::move(text), nullptr, from});
  }
  // It has the key, in a version that only time beats: nothing follows from what it does not show.
  if (const auto found = registers.lookup(reg.key, hash); found && shower != nullptr) {
    shower->showed(found->slot, true);
  }
  return {};
}

std::optional<Timestamp> Replica::send_timestamp(const Now& now) {
  return impl_->clock.issue(now.wall_ms);
}

ReceiveOutcome Replica::receive_timestamp(const Timestamp& stamp, const Now& now) {
  return impl_->clock.receive(stamp, now.wall_ms);
}

std::size_t Replica::refused_stamps() const {
  return impl_->refused_stamps.total();
}

// ---- what outlives the process ----

bool Replica::Impl::accept_kept(RegisterView& reg, bool& restamped, const Now& now) {
  const std::int64_t ahead = ahead_ms(reg.stamp, now);
  if (ahead <= drift_max_ms) [[likely]]
    return true;
  if (options.restamp_future) {
    const auto stamp = clock.issue(now.wall_ms);
    if (!stamp) return false;
    // It lives for as long as it was to live when it was written.
    if (reg.expires_at_ms) *reg.expires_at_ms -= ahead;
    reg.stamp = *stamp;
    restamped = true;
    ++restored.restamped;
    return true;
  }
  if (has_absurd_stamp(reg)) {
    refused_stamps.refused_kept();
    ++restored.refused;
    return false;
  }
  ++restored.ahead;
  restored.ahead_ms_max = std::max(restored.ahead_ms_max, ahead);
  return true;
}

void Replica::restore_clock(const Timestamp& last, std::int64_t unsaved_ms, const Now& now) {
  if (const std::int64_t ahead = ahead_ms(last, now); ahead > drift_max_ms) {
    impl_->restored.clock_ahead_ms = ahead;
    return;
  }
  Timestamp resumed = last;
  resumed.time_ms += static_cast<std::uint64_t>(unsaved_ms);
  impl_->clock.resume(resumed);
}

const Restored& Replica::restored() const {
  return impl_->restored;
}

void Replica::clock_saved(const Timestamp& stamp) {
  impl_->clock.saved(stamp);
}

bool Replica::clock_awaits_saving() const {
  return impl_->clock.awaits_saving();
}

Timestamp Replica::clock() const {
  return impl_->clock.to_save();
}

// ---- what is due ----

void Replica::wake(const Now& now, Effects& effects) {
  for (std::string& text : impl_->wall_time.take_reports()) {
    effects.emplace_back(Report{Report::Cause::clock, std::move(text)});
  }
  if (impl_->is_leaving()) impl_->set_apart(now);
  impl_->expire_due(now, effects);
  impl_->age_tombstones(now);
  for (auto slot = impl_->tombstones.due(now.wall_ms); slot && !impl_->is_held(*slot);
       slot = impl_->tombstones.due(now.wall_ms)) {
    impl_->retire_tombstone(*slot, effects);
  }
  impl_->judge_doubt(now, effects);
}

std::optional<std::int64_t> Replica::next_wake_wall_ms(const Now& now) const {
  Tombstones& tombstones = impl_->tombstones;
  auto end = tombstones.next_end();
  // Else time changes nothing, and what does is an event of its own.
  if (end && impl_->is_held(end->slot)) end.reset();
  std::optional<std::int64_t> next;
  if (const auto at_ms = impl_->doubt.waits_until_ms()) {
    next = now.wall_ms + *at_ms - now.monotonic_ms;
  }
  const auto at_latest = [&next](const std::optional<std::int64_t>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  if (auto expiry = impl_->expiries.next_at_ms()) {
    *expiry -= now.deadlines_ahead_ms;
    if (!now.knows_deadlines()) {
      expiry = std::max(*expiry, now.wall_ms + now.deadlines_known_ms - now.monotonic_ms);
    }
    at_latest(expiry);
  }
  if (auto count = tombstones.next_count_ms()) at_latest(*count - now.deadlines_ahead_ms);
  if (end) at_latest(end->at_ms);
  if (impl_->is_leaving()) at_latest(now.wall_ms + 1);
  return next;
}

}  // namespace groot::store
