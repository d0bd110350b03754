#include "cpp_tests/sim/promises.hpp"

#include <algorithm>
#include <utility>

#include "ei_codec/term_decode.hpp"

namespace groot::sim {
namespace {

[[noreturn]] void broken(const Witness& witness, const std::string& what) {
  throw Violation(witness.node + " " + what);
}

Bytes copy(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

std::string deadline_text(const std::optional<Ms>& deadline) {
  return deadline ? std::to_string(*deadline) : "never";
}

}  // namespace

std::string text_of(ByteView encoded) {
  const auto term = decode_term(ei_codec::ScannedTerm::trusted(encoded));
  return term ? to_text(*term) : term.error().text();
}

std::string text_of(const store::Register& reg) {
  std::string text = text_of(reg.key());
  text += reg.is_tombstone() ? " deleted" : " = " + text_of(reg.value());
  text += " @ " + to_text(reg.stamp());
  if (const auto at = reg.expires_at_ms()) text += " until " + std::to_string(*at);
  return text;
}

void Promises::written(const Bytes& key, const Timestamp& stamp, const Bytes& value,
                       std::optional<Ms> deadline) {
  Versions& versions = writes_[key];
  if (!equal_stamps_ && versions.contains(stamp)) {
    throw Violation("two writes of " + text_of(key) + " have the stamp " + to_text(stamp));
  }
  versions.emplace(stamp, Write{value, deadline});
}

void Promises::acknowledged(const Bytes& key, const Timestamp& stamp) {
  floors_[key] = std::max(floors_[key], stamp);
}

void Promises::deleted_without_stamp(const Bytes& key, const std::set<Timestamp>& versions) {
  stampless_[key].insert(versions.begin(), versions.end());
}

bool Promises::is_deleted_by_stock(const Bytes& key, const Timestamp& stamp) const {
  const auto deleted = stampless_.find(key);
  if (deleted == stampless_.end()) return false;
  const auto versions = writes_.find(key);
  return deleted->second.contains(stamp) ||
         (versions != writes_.end() &&
          is_forgotten_anew(versions->second, deleted->second,
                            [&](const Timestamp& anew) { return anew == stamp; }));
}

void Promises::written_slowly(const Bytes& key, const Timestamp& stamp) {
  slow_writes_[key].insert(stamp);
}

void Promises::given_among_stock(const Bytes& key, const Timestamp& stamp, const Timestamp& held) {
  if (is_deleted_by_stock(key, stamp)) ++undone_[key];
  if (slow_writes_[key].contains(held)) ++slow_undone_[key];
}

bool Promises::is_written(const Bytes& key, const Bytes& value) const {
  const auto writes = writes_.find(key);
  return writes != writes_.end() && std::ranges::any_of(writes->second, [&](const auto& write) {
           return write.second.value == value;
         });
}

Timestamp Promises::last_written(const Bytes& key) const {
  const auto writes = writes_.find(key);
  return writes == writes_.end() || writes->second.empty() ? Timestamp{}
                                                           : writes->second.rbegin()->first;
}

std::uint64_t Promises::deletes_undone(const Bytes& key) const {
  const auto undone = undone_.find(key);
  return undone == undone_.end() ? 0 : undone->second;
}

std::uint64_t Promises::slow_writes_undone(const Bytes& key) const {
  const auto undone = slow_undone_.find(key);
  return undone == slow_undone_.end() ? 0 : undone->second;
}

Witness Promises::begin_life(const std::string& node, std::uint64_t node_id, bool is_told_deletes) {
  our_ids_.insert(node_id);
  Witness witness;
  witness.node = node;
  witness.node_id = node_id;
  witness.is_told_deletes = is_told_deletes;
  return witness;
}

void Promises::changed(Witness& witness, const store::Register& reg, const Now& now) {
  latest_ms_ = std::max(latest_ms_, now.deadline_ms());
  const Bytes key = copy(reg.key());
  const Timestamp stamp = reg.stamp();
  Timestamp& held = witness.held[key];
  if (stamp < held) broken(witness, "went back from " + to_text(held) + " to " + text_of(reg));
  const bool is_new = stamp > held && stamp > witness.wiped[key];
  if (!stamped_anew(reg) && stamp.node_id == witness.node_id && is_new) {
    check_issued(witness, stamp, held, now);
  }
  held = stamp;
  work.changed(witness.acts, witness.node, reg);
  if (reg.is_tombstone()) {
    check_tombstone(witness, reg);
    Timestamp& deleted = witness.deleted[key];
    deleted = std::max(deleted, stamp);
  } else {
    check_value(witness, reg);
  }
}

void Promises::restored(Witness& witness, const store::Register& reg, const Now& now) {
  latest_ms_ = std::max(latest_ms_, now.deadline_ms());
  const Bytes key = copy(reg.key());
  witness.held[key] = reg.stamp();
  if (reg.is_tombstone()) {
    check_tombstone(witness, reg);
    witness.deleted[key] = reg.stamp();
  } else {
    check_value(witness, reg);
  }
}

void Promises::given_up(Witness& witness, const Bytes& key) {
  witness.held.erase(key);
}

// A stamp far ahead of wall time stands alone: the clock does not follow it, and where the version
// that it was above is given back, it is issued once more.
void Promises::wiped(Witness& witness) {
  equal_stamps_ = true;
  for (const auto& [key, stamp] : witness.held) {
    witness.wiped[key] = std::max(witness.wiped[key], stamp);
  }
  witness.held.clear();
  witness.deleted.clear();
}

// Stamps of one node strictly increase. One exception, HybridClock's own: a stamp that had to be
// above a version further ahead of wall time than drift_max_ms stands alone; the clock does not
// follow it, and later stamps of other keys may be below it.
void Promises::check_issued(Witness& witness, const Timestamp& stamp, const Timestamp& held,
                            const Now& now) const {
  if (same_ids_) return;  // it may be the other node's
  const Ms ahead = static_cast<Ms>(held.time_ms) - now.wall_ms;
  const bool just_above_held = stamp.time_ms == held.time_ms ? stamp.counter == held.counter + 1
                                                             : stamp.time_ms == held.time_ms + 1;
  if (ahead > store::drift_max_ms && just_above_held) return;
  if (ahead > store::clock_unsaved_max_ms && just_above_held) {
    witness.issued_above_a_floor_ahead = true;
  }
  if (stamp <= witness.last_issued) {
    broken(witness, "issued " + to_text(stamp) + " after " + to_text(witness.last_issued));
  }
  witness.last_issued = stamp;
}

// A node of ours stamped a write of a stock node anew, which was made after what stood above it.
bool Promises::stamped_anew(const store::Register& reg) {
  if (reg.is_tombstone() || !our_ids_.contains(reg.stamp().node_id)) return false;
  const auto versions = writes_.find(copy(reg.key()));
  if (versions == writes_.end()) return false;
  const auto [known, end] = versions->second.equal_range(reg.stamp());
  const auto is_same = [&](const auto& version) {
    return ei_codec::same_bytes(version.second.value, reg.value());
  };
  const auto same = std::find_if(known, end, is_same);
  if (same != end) return same->second.is_stamped_anew;
  if (known != end && !equal_stamps_) return known->second.is_stamped_anew;
  const auto of_stock = [&](const auto& version) {
    return !our_ids_.contains(version.first.node_id) && !version.second.deadline &&
           ei_codec::same_bytes(version.second.value, reg.value());
  };
  if (std::ranges::none_of(versions->second, of_stock)) return false;
  versions->second.emplace(reg.stamp(), Write{copy(reg.value()), std::nullopt, true});
  return true;
}

void Promises::check_value(const Witness& witness, const store::Register& reg) const {
  const auto versions = writes_.find(copy(reg.key()));
  if (versions == writes_.end() || !versions->second.contains(reg.stamp())) {
    broken(witness, "holds what nobody wrote: " + text_of(reg));
  }
  const auto [first, end] = versions->second.equal_range(reg.stamp());
  const bool written = std::any_of(first, end, [&](const auto& version) {
    const Write& write = version.second;
    return !write.is_tombstone() && ei_codec::same_bytes(write.value, reg.value()) &&
           write.deadline == reg.expires_at_ms();
  });
  if (written) return;
  const Write& write = first->second;
  if (write.is_tombstone()) broken(witness, "holds a delete as a value: " + text_of(reg));
  if (!ei_codec::same_bytes(write.value, reg.value())) {
    broken(witness, "holds another value than " + text_of(write.value) +
                        ", which was written: " + text_of(reg));
  }
  broken(witness,
         "holds another deadline than " + deadline_text(write.deadline) + ": " + text_of(reg));
}

// One that comes back, from a node whose tombstones end later, is no new one.
void Promises::check_tombstone(const Witness& witness, const store::Register& reg) {
  std::set<Timestamp>& known = deletes_[copy(reg.key())];
  if (known.contains(reg.stamp())) return;
  if (!is_asked_for(witness, reg)) {
    broken(witness, "holds a delete that nobody asked for: " + text_of(reg));
  }
  known.insert(reg.stamp());
}

// What we stamped anew stands at its writer under the stamp that this gave it.
bool Promises::is_forgotten_anew(const Versions& versions, const std::set<Timestamp>& forgotten,
                                 const std::function<bool(const Timestamp&)>& is_anew) {
  return std::ranges::any_of(versions, [&](const auto& anew) {
    return anew.second.is_stamped_anew && is_anew(anew.first) &&
           std::ranges::any_of(versions, [&](const auto& version) {
             return version.second.value == anew.second.value && forgotten.contains(version.first);
           });
  });
}

bool Promises::is_asked_for(const Witness& witness, const store::Register& reg) const {
  const Bytes key = copy(reg.key());
  const auto versions = writes_.find(key);
  if (versions != writes_.end()) {
    const auto [first, end] = versions->second.equal_range(reg.stamp());
    const auto is_delete = [](const auto& version) { return version.second.is_tombstone(); };
    if (std::any_of(first, end, is_delete)) return true;
    for (const auto& [stamp, expiring] : versions->second) {
      if (expiring.deadline && just_above(stamp) == reg.stamp() &&
          *expiring.deadline <= latest_ms_) {
        return true;
      }
    }
  }
  // What stock was asked to delete gets the stamp just above what the node of ours held that heard
  // or concluded it; of a key that it did not hold, above what that stock node had stamped. Stock's
  // own message says not what was deleted: where it comes late, it deletes what was written since.
  // Where it does not come, the delete is concluded, of a version that the peer has held.
  const auto stampless = stampless_.find(key);
  if (stampless != stampless_.end()) {
    const auto is_just_below = [&](const Timestamp& stamp) {
      return just_above(stamp) == reg.stamp();
    };
    if (std::ranges::any_of(stampless->second, is_just_below)) return true;
    if (versions != writes_.end() &&
        is_forgotten_anew(versions->second, stampless->second, is_just_below)) {
      return true;
    }
    const bool is_of_a_write = versions != writes_.end() &&
                               std::ranges::any_of(versions->second, [&](const auto& version) {
                                 return is_just_below(version.first);
                               });
    if (!witness.is_told_deletes) return false;
    return is_of_a_write || !our_ids_.contains(reg.stamp().node_id - 1);
  }
  return false;
}

void Promises::read(const Witness& witness, const Bytes& key, const store::RegisterPtr& reg,
                    const Now& now) const {
  if (!reg) return;
  if (reg->is_tombstone()) broken(witness, "reads a tombstone: " + text_of(*reg));
  check_value(witness, *reg);
  const auto deleted = witness.deleted.find(key);
  if (deleted != witness.deleted.end() && reg->stamp() <= deleted->second) {
    broken(witness, "reads what it had deleted: " + text_of(*reg));
  }
  if (reg->expires_at_ms() && *reg->expires_at_ms() <= now.deadline_ms()) {
    broken(witness, "reads what has expired: " + text_of(*reg));
  }
}

void Promises::data_lost(const std::function<std::optional<Timestamp>(const Bytes& key)>& held) {
  for (auto& [key, floor] : floors_) floor = std::min(floor, held(key).value_or(Timestamp{}));
}

void Promises::check_nothing_lost(const Witness& witness) const {
  for (const auto& [key, floor] : floors_) {
    if (floor == Timestamp{}) continue;
    const auto held = witness.held.find(key);
    if (held == witness.held.end()) {
      broken(witness, "lacks " + text_of(key) + ", written at " + to_text(floor));
    }
    if (held->second < floor) {
      broken(witness, "holds " + text_of(key) + " at " + to_text(held->second) +
                          " only, written at " + to_text(floor));
    }
  }
}

}  // namespace groot::sim
