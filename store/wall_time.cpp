#include "store/wall_time.hpp"

#include <algorithm>
#include <cstdlib>

#include "store/hybrid_clock.hpp"
#include "store/limits.hpp"

namespace groot::store {
namespace {

// Both readings are cut to whole milliseconds, at different moments.
constexpr std::int64_t reading_error_ms = 1;

std::string seconds(std::int64_t ms) {
  return std::to_string(std::abs(ms) / 1'000) + " s";
}

}  // namespace

Now WallTime::believe(const Now& read) {
  monotonic_ms_ = read.monotonic_ms;
  read_ = read.wall_ms - read.monotonic_ms;
  if (!begun_) {
    begun_ = true;
    wall_ = read_;
    weigh();
  }
  const std::int64_t off = std::abs(read_ - wall_);
  if (off > wall_step_ms_max) {
    notice_jump(read_);
  } else {
    if (told_) reports_.emplace_back("the wall clock is where it was expected again");
    jumped_ = false;
    told_ = false;
    if (off > reading_error_ms) {
      wall_ = read_;
      weigh();
    }
  }
  Now now = read;
  now.wall_ms = read.monotonic_ms + wall_;
  now.deadlines_ahead_ms = deadlines_ - wall_;
  now.deadlines_known_ms = std::max(awaited_until_ms_, await_any_until_ms_);
  return now;
}

void WallTime::notice_jump(std::int64_t read) {
  const bool is_new = !jumped_;
  jumped_ = true;
  if (is_new) consider_jump();
  if (!jumped_) return;
  if (reported_ms_ && (!is_new || monotonic_ms_ - *reported_ms_ < jump_report_interval_ms)) return;
  reported_ms_ = monotonic_ms_;
  told_ = true;
  const std::int64_t off = read - wall_;
  reports_.push_back("the wall clock of this machine jumped " + seconds(off) +
                     (off > 0 ? " ahead" : " back") +
                     ": not followed until the clocks of other nodes agree, or this node starts "
                     "again; if the new time is wrong, set it right");
}

// Peers decide: the new reading is taken over where it is nearer to what they say, and near.
void WallTime::consider_jump() {
  if (!jumped_ || peers_.empty()) return;
  std::vector<std::int64_t> said;
  for (const auto& [peer, offset] : peers_) said.push_back(offset);
  const auto middle = said.begin() + static_cast<std::ptrdiff_t>((said.size() - 1) / 2);
  std::nth_element(said.begin(), middle, said.end());
  const std::int64_t off = std::abs(*middle - read_);
  if (off > drift_max_ms || off >= std::abs(*middle - wall_)) return;
  reports_.push_back("the wall clock was set by " + seconds(read_ - wall_) +
                     ", and the clocks of other nodes agree: followed");
  set_ms_ += read_ - wall_;
  wall_ = read_;
  jumped_ = false;
  told_ = false;
  weigh();
}

void WallTime::await(PeerId peer) {
  if (awaited_.empty()) awaited_until_ms_ = monotonic_ms_ + deadlines_await_ms_max;
  awaited_.insert(peer);
}

void WallTime::heard(PeerId peer, std::int64_t ahead_ms) {
  awaited_.erase(peer);
  if (awaited_.empty()) awaited_until_ms_ = 0;
  await_any_until_ms_ = 0;
  peers_[peer] = wall_ + ahead_ms;
  weigh();
  consider_jump();
}

void WallTime::cannot_say(PeerId peer) {
  awaited_.erase(peer);
  // Who is told so by a time-out goes by a Now that does not know it yet.
  if (awaited_.empty()) awaited_until_ms_ = std::min(awaited_until_ms_, monotonic_ms_ + 1);
}

void WallTime::gone(PeerId peer) {
  awaited_.erase(peer);
  if (awaited_.empty()) awaited_until_ms_ = 0;
  if (peers_.erase(peer) > 0) weigh();
}

void WallTime::await_any() {
  await_any_until_ms_ = monotonic_ms_ + deadlines_await_ms_max;
}

std::optional<std::int64_t> WallTime::jumped_ms() const {
  return jumped_ ? std::optional(read_ - wall_) : std::nullopt;
}

// The lower median. Alone, a node goes on with what it knew of the others: its own clock has not
// become better by the cut.
void WallTime::weigh() {
  if (peers_.empty()) {
    deadlines_ = wall_ + alone_ahead_ms_;
  } else {
    std::vector<std::int64_t> believed{wall_};
    for (const auto& [peer, offset] : peers_) believed.push_back(offset);
    const auto middle = believed.begin() + static_cast<std::ptrdiff_t>((believed.size() - 1) / 2);
    std::nth_element(believed.begin(), middle, believed.end());
    deadlines_ = *middle;
    alone_ahead_ms_ = deadlines_ - wall_;
  }
  shared_wall_.store(wall_, std::memory_order_relaxed);
  shared_deadlines_.store(deadlines_, std::memory_order_relaxed);
}

}  // namespace groot::store
