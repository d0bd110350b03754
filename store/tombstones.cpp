#include "store/tombstones.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "store/limits.hpp"

namespace groot::store {
namespace {

constexpr std::size_t excess_divisor = 64;

std::int64_t time_of(const Timestamp& stamp) {
  return static_cast<std::int64_t>(std::min(stamp.time_ms, time_ms_max));
}

bool is_ahead(const Timestamp& stamp, std::int64_t cluster_ms) {
  return time_of(stamp) - cluster_ms > stamp_ahead_ms_max;
}

}  // namespace

Tombstones::Tombstones(RegisterMap& registers, std::size_t count_max, std::int64_t ttl_ms)
    : registers_(registers),
      deadlines_([this](const ExpiryQueue::Entry& entry) { return holds(entry); }),
      compared_([this](const ExpiryQueue::Entry& entry) {
        return holds(entry) && registers_.is_counted(entry.slot);
      }),
      ahead_([this](const ExpiryQueue::Entry& entry) {
        return holds(entry) && !registers_.is_counted(entry.slot);
      }),
      count_max_(count_max),
      ttl_ms_(std::clamp<std::int64_t>(ttl_ms, 0, expires_in_ms_max)),
      compared_ttl_ms_(ttl_ms_) {}

bool Tombstones::holds(const ExpiryQueue::Entry& entry) const {
  const Register* reg = registers_.at(entry.slot);
  return reg != nullptr && reg->is_tombstone() && reg->stamp() == entry.stamp;
}

void Tombstones::added(Slot slot, const Timestamp& stamp, bool expired, std::int64_t wall_ms,
                       std::int64_t cluster_ms) {
  ++counts_[expired ? 1 : 0];
  if (expired) expired_.set(slot);
  deadlines_.push({wall_ms + ttl_ms_, slot, stamp});
  if (is_compared(stamp, cluster_ms)) {
    compared_.push({time_of(stamp), slot, stamp});
  } else {
    registers_.uncount(slot);
    if (is_ahead(stamp, cluster_ms))
      ahead_.push({time_of(stamp) - stamp_ahead_ms_max, slot, stamp});
  }
}

void Tombstones::removed(Slot slot, bool counted) {
  --counts_[expired_.test(slot) ? 1 : 0];
  expired_.clear(slot);
  deadlines_.voided();
  (counted ? compared_ : ahead_).voided();
}

void Tombstones::clear() {
  counts_ = {};
  expired_.clear_all();
  deadlines_.clear();
  compared_.clear();
  ahead_.clear();
}

void Tombstones::compare_for(std::int64_t ttl_ms, std::int64_t cluster_ms) {
  const std::int64_t before =
      std::exchange(compared_ttl_ms_, std::clamp<std::int64_t>(ttl_ms, 0, ttl_ms_));
  if (compared_ttl_ms_ <= before) return;
  for (Slot slot = 0; slot < registers_.slot_end(); ++slot) {
    if (registers_.is_counted(slot)) continue;
    const Register* const reg = registers_.at(slot);
    if (reg == nullptr || !reg->is_tombstone() || !is_compared(reg->stamp(), cluster_ms)) continue;
    registers_.count(slot);
    compared_.push({time_of(reg->stamp()), slot, reg->stamp()});
  }
}

std::optional<Slot> Tombstones::uncount_old(std::int64_t cluster_ms) {
  const auto entry = compared_.due(cluster_ms - compared_ttl_ms_);
  if (!entry) return std::nullopt;
  registers_.uncount(entry->slot);
  compared_.voided();
  return entry->slot;
}

void Tombstones::count_arrived(std::int64_t cluster_ms) {
  while (const auto entry = ahead_.due(cluster_ms)) {
    registers_.count(entry->slot);
    ahead_.voided();
    compared_.push({time_of(entry->stamp), entry->slot, entry->stamp});
  }
}

std::optional<std::int64_t> Tombstones::next_count_ms() {
  auto next_ms = ahead_.next_at_ms();
  if (const auto time_ms = compared_.next_at_ms()) {
    const std::int64_t uncount_ms = *time_ms + compared_ttl_ms_;
    next_ms = std::min(next_ms.value_or(uncount_ms), uncount_ms);
  }
  return next_ms;
}

std::optional<ExpiryQueue::Entry> Tombstones::next_end() {
  return deadlines_.due(std::numeric_limits<std::int64_t>::max());
}

bool Tombstones::is_ancient(const Timestamp& stamp, std::int64_t cluster_ms) const {
  return cluster_ms - time_of(stamp) >= ttl_ms_ || is_ahead(stamp, cluster_ms);
}

bool Tombstones::is_compared(const Timestamp& stamp, std::int64_t cluster_ms) const {
  return cluster_ms - time_of(stamp) < compared_ttl_ms_ && !is_ahead(stamp, cluster_ms);
}

std::optional<Slot> Tombstones::due(std::int64_t wall_ms) {
  const auto entry = deadlines_.due(wall_ms);
  if (!entry) return std::nullopt;
  return entry->slot;
}

std::vector<Slot> Tombstones::excess() const {
  if (std::ranges::max(counts_) <= count_max_) return {};
  // Each is checked after one came: never are there too many of both.
  const bool expired = counts_[1] > count_max_;
  const std::size_t count = counts_[expired ? 1 : 0];
  std::vector<Slot> slots;
  slots.reserve(count);
  for (Slot slot = 0; slot < registers_.slot_end(); ++slot) {
    const Register* reg = registers_.at(slot);
    const bool is_one = reg != nullptr && reg->is_tombstone();
    if (is_one && expired_.test(slot) == expired) slots.push_back(slot);
  }
  const std::size_t surplus =
      std::min(slots.size(), count - count_max_ + count_max_ / excess_divisor);
  const auto end = slots.begin() + static_cast<std::ptrdiff_t>(surplus);
  std::nth_element(slots.begin(), end, slots.end(), [this](Slot a, Slot b) {
    return registers_.at(a)->stamp() < registers_.at(b)->stamp();
  });
  slots.erase(end, slots.end());
  return slots;
}

}  // namespace groot::store
