#include "cpp_tests/sim/work.hpp"

#include <algorithm>

#include "cpp_tests/sim/promises.hpp"

namespace groot::sim {

void Work::did(const Bytes& key, const Bytes& value) {
  acts_[key].push_back(value);
}

const Bytes& Work::last_of(const Bytes& key) const {
  return acts_.at(key).back();
}

std::size_t Work::number_of(const Acts& acts, ByteView value) {
  const auto found = std::ranges::find_if(
      acts, [value](const Bytes& act) { return ei_codec::same_bytes(act, value); });
  return found == acts.end() ? 0 : static_cast<std::size_t>(found - acts.begin()) + 1;
}

bool Work::is_deleted_after(const Acts& acts, std::size_t number) {
  return std::any_of(acts.begin() + static_cast<std::ptrdiff_t>(std::min(number, acts.size())),
                     acts.end(), [](const Bytes& act) { return act.empty(); });
}

void Work::changed(ActsKnown& known, const std::string& node, const store::Register& reg) const {
  const Bytes key(reg.key().begin(), reg.key().end());
  const auto acts = acts_.find(key);
  if (acts == acts_.end() || is_spoilt(key)) return;
  std::size_t& last = known[key];
  if (reg.is_tombstone()) {
    if (!is_deleted_after(acts->second, last)) {
      throw Violation(node + " deletes what was set after the last delete: " + text_of(reg));
    }
    // Of what else was set before that delete it may still hear, and later of the delete again.
    ++last;
    return;
  }
  const std::size_t number = number_of(acts->second, reg.value());
  if (number < last) {
    throw Violation(node + " goes back from act " + std::to_string(last) + " to " +
                    std::to_string(number) + " of the same process: " + text_of(reg));
  }
  last = number;
}

void Work::forgotten_by_stock(const Bytes& key, const Bytes& held) {
  const auto acts = acts_.find(key);
  if (acts == acts_.end()) return;
  const std::size_t number = number_of(acts->second, held);
  if (number != 0 && !is_deleted_after(acts->second, number)) spoilt_.insert(key);
}

}  // namespace groot::sim
