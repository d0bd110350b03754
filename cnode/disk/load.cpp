#include "cnode/disk/load.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "cnode/disk/limits.hpp"
#include "store/limits.hpp"

namespace groot::disk {
namespace {

// Stamps issued after the last commit before a crash are not known here. The clock was then at most
// clock_unsaved_max_ms ahead of the commit's or of wall time, which is past that by now. Where it
// was set back, it had come no further than to the next note that the node was there.
void restore_clock(store::Replica& replica, const Marks& marks, const store::Now& now) {
  store::Timestamp last = marks.clock;
  if (last.time_ms == 0) return;
  std::int64_t unsaved_ms = store::clock_unsaved_max_ms;
  if (now.wall_ms < marks.alive_ms) {
    last = std::max(last, {static_cast<std::uint64_t>(marks.alive_ms), 0, 0});
    unsaved_ms += alive_interval_max.count();
  }
  replica.restore_clock(last, unsaved_ms, now);
}

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
  replica.keep_journal(marks.number);
  restore_clock(replica, marks, now);
  replica.clock_saved(marks.clock);
  replica.reserve(size);
  const std::int64_t left_ms = marks.alive_ms;
  if (left_ms != 0 && now.wall_ms - left_ms > tombstone_ttl_ms) replica.begin_doubt();
  return load([&](const store::KeptRegister& kept) { replica.restore(kept, now); });
}

std::vector<store::KeptPeer> peers_to_keep(std::vector<store::KeptPeer> peers,
                                           std::int64_t wall_ms) {
  for (store::KeptPeer& peer : peers) {
    if (wall_ms - peer.linked_ms > std::chrono::milliseconds(kept_peer_max).count()) {
      peer = {.name = peer.name};
    }
  }
  return peers;
}

Result<std::size_t> bring_back(store::Replica& replica, const Database& database,
                               const store::Now& now) {
  std::size_t brought = 0;
  Result<void> done;
  database.for_each_set_aside([&](const store::KeptRegister& kept) {
    const auto& at_ms = kept.reg.expires_at_ms;
    if (!done || replica.find(kept.reg.key) || store::is_past_deadline(at_ms, now.deadline_ms())) {
      return;
    }
    std::optional<std::int64_t> expires_in_ms;
    if (at_ms) expires_in_ms = *at_ms - now.deadline_ms();
    store::Effects effects;  // nobody is there yet to be told
    done = replica.set(kept.reg.key, kept.reg.value, expires_in_ms, now, effects);
    if (done) ++brought;
  });
  if (!done) return done.error();
  return brought;
}

}  // namespace groot::disk
