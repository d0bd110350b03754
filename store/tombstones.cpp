#include "store/tombstones.hpp"

#include <algorithm>
#include <limits>

#include "store/limits.hpp"

namespace groot::store {
namespace {

constexpr std::size_t excess_divisor = 64;

}  // namespace

Tombstones::Tombstones(RegisterMap& registers, std::size_t count_max, std::int64_t ttl_ms)
    : registers_(registers),
      deadlines_([this](const ExpiryQueue::Entry& entry) { return holds(entry); }),
      ancient_([this](const ExpiryQueue::Entry& entry) {
        return holds(entry) && registers_.is_counted(entry.slot);
      }),
      count_max_(count_max),
      ttl_ms_(std::clamp<std::int64_t>(ttl_ms, 0, expires_in_ms_max)) {}

bool Tombstones::holds(const ExpiryQueue::Entry& entry) const {
  const Register* reg = registers_.at(entry.slot);
  return reg != nullptr && reg->is_tombstone() && reg->stamp() == entry.stamp;
}

void Tombstones::added(Slot slot, const Timestamp& stamp, std::int64_t wall_ms) {
  ++count_;
  deadlines_.push({wall_ms + ttl_ms_, slot, stamp});
  if (is_ancient(stamp, wall_ms)) {
    registers_.uncount(slot);
  } else {
    const auto time_ms = static_cast<std::int64_t>(std::min(stamp.time_ms, time_ms_max));
    ancient_.push({time_ms + ttl_ms_, slot, stamp});
  }
}

void Tombstones::removed(bool counted) {
  --count_;
  deadlines_.voided();
  if (counted) ancient_.voided();
}

void Tombstones::clear() {
  count_ = 0;
  deadlines_.clear();
  ancient_.clear();
}

std::optional<Slot> Tombstones::uncount_ancient(std::int64_t wall_ms) {
  const auto entry = ancient_.due(wall_ms);
  if (!entry) return std::nullopt;
  registers_.uncount(entry->slot);
  ancient_.voided();
  return entry->slot;
}

std::optional<ExpiryQueue::Entry> Tombstones::next_end() {
  return deadlines_.due(std::numeric_limits<std::int64_t>::max());
}

bool Tombstones::is_ancient(const Timestamp& stamp, std::int64_t wall_ms) const {
  return wall_ms - static_cast<std::int64_t>(std::min(stamp.time_ms, time_ms_max)) >= ttl_ms_;
}

std::optional<Slot> Tombstones::due(std::int64_t wall_ms) {
  const auto entry = deadlines_.due(wall_ms);
  if (!entry) return std::nullopt;
  return entry->slot;
}

std::vector<Slot> Tombstones::excess() const {
  if (count_ <= count_max_) return {};
  std::vector<Slot> slots;
  slots.reserve(count_);
  for (Slot slot = 0; slot < registers_.slot_end(); ++slot) {
    const Register* reg = registers_.at(slot);
    if (reg != nullptr && reg->is_tombstone()) slots.push_back(slot);
  }
  const std::size_t surplus =
      std::min(slots.size(), count_ - count_max_ + count_max_ / excess_divisor);
  const auto end = slots.begin() + static_cast<std::ptrdiff_t>(surplus);
  std::nth_element(slots.begin(), end, slots.end(), [this](Slot a, Slot b) {
    return registers_.at(a)->stamp() < registers_.at(b)->stamp();
  });
  slots.erase(end, slots.end());
  return slots;
}

}  // namespace groot::store
