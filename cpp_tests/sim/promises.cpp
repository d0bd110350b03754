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
  if (!writes_[key].emplace(stamp, Write{value, deadline}).second) {
    throw Violation("two writes of " + text_of(key) + " have the stamp " + to_text(stamp));
  }
}

void Promises::acknowledged(const Bytes& key, const Timestamp& stamp) {
  floors_[key] = std::max(floors_[key], stamp);
}

void Promises::deleted_without_stamp(const Bytes& key, const std::set<Timestamp>& versions) {
  stampless_[key].insert(versions.begin(), versions.end());
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
  latest_wall_ms_ = std::max(latest_wall_ms_, now.wall_ms);
  const Bytes key = copy(reg.key());
  const Timestamp stamp = reg.stamp();
  Timestamp& held = witness.held[key];
  if (stamp < held) broken(witness, "went back from " + to_text(held) + " to " + text_of(reg));
  if (stamp.node_id == witness.node_id && stamp > held) check_issued(witness, stamp, held, now);
  const Timestamp before = std::exchange(held, stamp);
  if (reg.is_tombstone()) {
    check_tombstone(witness, reg, before);
    Timestamp& deleted = witness.deleted[key];
    deleted = std::max(deleted, stamp);
  } else {
    check_value(witness, reg);
  }
}

void Promises::restored(Witness& witness, const store::Register& reg, const Now& now) {
  latest_wall_ms_ = std::max(latest_wall_ms_, now.wall_ms);
  const Bytes key = copy(reg.key());
  witness.held[key] = reg.stamp();
  if (reg.is_tombstone()) {
    check_tombstone(witness, reg, {});
    witness.deleted[key] = reg.stamp();
  } else {
    check_value(witness, reg);
  }
}

void Promises::given_up(Witness& witness, const Bytes& key) {
  witness.held.erase(key);
}

// Stamps of one node strictly increase. One exception, HybridClock's own: a stamp that had to be
// above a version further ahead of wall time than drift_max_ms stands alone; the clock does not
// follow it, and later stamps of other keys may be below it.
void Promises::check_issued(Witness& witness, const Timestamp& stamp, const Timestamp& held,
                            const Now& now) {
  const Ms ahead = static_cast<Ms>(held.time_ms) - now.wall_ms;
  const bool just_above_held = stamp.time_ms == held.time_ms ? stamp.counter == held.counter + 1
                                                             : stamp.time_ms == held.time_ms + 1;
  if (ahead > store::drift_max_ms && just_above_held) return;
  if (stamp <= witness.last_issued) {
    broken(witness, "issued " + to_text(stamp) + " after " + to_text(witness.last_issued));
  }
  witness.last_issued = stamp;
}

void Promises::check_value(const Witness& witness, const store::Register& reg) const {
  const auto versions = writes_.find(copy(reg.key()));
  const auto write =
      versions == writes_.end() ? Versions::const_iterator{} : versions->second.find(reg.stamp());
  if (versions == writes_.end() || write == versions->second.end()) {
    broken(witness, "holds what nobody wrote: " + text_of(reg));
  }
  if (write->second.is_tombstone()) broken(witness, "holds a delete as a value: " + text_of(reg));
  if (!ei_codec::same_bytes(write->second.value, reg.value())) {
    broken(witness, "holds another value than " + text_of(write->second.value) +
                        ", which was written: " + text_of(reg));
  }
  if (write->second.deadline != reg.expires_at_ms()) {
    broken(witness, "holds another deadline than " + deadline_text(write->second.deadline) + ": " +
                        text_of(reg));
  }
}

void Promises::check_tombstone(const Witness& witness, const store::Register& reg,
                               const Timestamp& held) const {
  const Bytes key = copy(reg.key());
  const auto versions = writes_.find(key);
  if (versions != writes_.end()) {
    const auto write = versions->second.find(reg.stamp());
    if (write != versions->second.end() && write->second.is_tombstone()) return;
    for (const auto& [stamp, expiring] : versions->second) {
      if (expiring.deadline && just_above(stamp) == reg.stamp() &&
          *expiring.deadline <= latest_wall_ms_) {
        return;
      }
    }
  }
  // What stock was asked to delete is stamped by the node of ours that hears or concludes it.
  // Stock's own message says not what was deleted: where it comes late, it deletes what was written
  // since. Where it does not come, the delete is concluded, of a version that the peer has held.
  const auto stampless = stampless_.find(key);
  if (stampless != stampless_.end() && our_ids_.contains(reg.stamp().node_id)) {
    const bool concluded = reg.stamp().node_id == witness.node_id && !witness.is_told_deletes;
    if (!concluded || stampless->second.contains(held)) return;
  }
  broken(witness, "holds a delete that nobody asked for: " + text_of(reg));
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
  // Until the node's timer has made a tombstone of it, an expiry is a look at the wall clock: one
  // that jumps over the deadline and back before that shows the value again.
  if (reg->expires_at_ms() && *reg->expires_at_ms() <= now.wall_ms) {
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
