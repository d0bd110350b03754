#include "cnode/disk/load.hpp"

#include <algorithm>

namespace groot::disk {
namespace {

// Stamps issued after the last commit before a crash are not known here. Wall time is past them,
// but for a clock that had been ahead of it.
constexpr std::uint64_t unknown_stamps_ms = 100;

}  // namespace

Result<void> load_into(store::Replica& replica, const Database& database,
                       std::int64_t tombstone_ttl_ms, const store::Now& now) {
  return load_into(
      replica, database.marks(), database.size(),
      [&database](const Visit& visit) { return database.load(visit); }, tombstone_ttl_ms, now);
}

Result<void> load_into(store::Replica& replica, const Marks& marks, std::size_t size,
                       const std::function<Result<void>(const Visit&)>& load,
                       std::int64_t tombstone_ttl_ms, const store::Now& now) {
  replica.keep_journal();
  store::Timestamp clock = marks.clock;
  if (clock.time_ms != 0) {
    clock.time_ms = std::min(clock.time_ms + unknown_stamps_ms, store::time_ms_max);
    replica.restore_clock(clock);
  }
  replica.reserve(size);
  auto loaded = load([&](const store::KeptRegister& kept) { replica.restore(kept, now); });
  const std::int64_t left_ms = marks.alive_ms;
  if (left_ms != 0 && now.wall_ms - left_ms > tombstone_ttl_ms) replica.doubt_restored(left_ms);
  return loaded;
}

}  // namespace groot::disk
