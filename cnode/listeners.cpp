#include "cnode/listeners.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "cnode/stored_term.hpp"

namespace groot {

std::uint64_t Listeners::add(Listener listener) {
  const std::lock_guard lock(mutex_);
  entries_.push_back({++last_number_, std::make_shared<Listener>(std::move(listener))});
  return last_number_;
}

void Listeners::remove(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [number](const Entry& entry) { return entry.number == number; });
}

void Listeners::tell(const store::Register& reg,
                     const std::function<void(const std::string&)>& failed) {
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) return;
  auto key = decoded(reg.key());
  if (!key) return;
  Change change{.key = std::move(*key), .value = std::nullopt, .deleted = reg.is_tombstone()};
  if (!change.deleted) change.value = decoded(reg.value());
  const std::vector<Entry> snapshot = entries_;
  for (const Entry& entry : snapshot) {
    if (!is_listening(entry.number)) continue;
    try {
      (*entry.listener)(change);
    } catch (const std::exception& thrown) {
      failed(std::string("an on_change listener threw: ") + thrown.what());
    } catch (...) {
      failed("an on_change listener threw");
    }
  }
}

bool Listeners::is_listening(std::uint64_t number) const {
  return std::ranges::any_of(entries_,
                             [number](const Entry& entry) { return entry.number == number; });
}

}  // namespace groot
