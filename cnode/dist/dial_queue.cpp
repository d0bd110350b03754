#include "cnode/dist/dial_queue.hpp"

#include "cnode/dist/limits.hpp"

namespace groot::dist {
namespace {

std::size_t room_for(DialClass dial_class) {
  switch (dial_class) {
    case DialClass::asked:
      return dials_max;
    case DialClass::first:
      return dials_first_max;
    case DialClass::again:
      return dials_again_max;
  }
  return 0;
}

}  // namespace

void DialQueue::add(const NodeName& peer, DialClass dial_class) {
  const auto found = places_.find(peer);
  if (found != places_.end()) {
    if (found->second.first <= dial_class) return;
    remove(peer);
  }
  const std::int64_t number = next_++;
  const Place place{dial_class, dial_class == DialClass::first ? -number : number};
  waiting_.emplace(place, peer);
  places_.emplace(peer, place);
}

void DialQueue::remove(const NodeName& peer) {
  const auto found = places_.find(peer);
  if (found == places_.end()) return;
  waiting_.erase(found->second);
  places_.erase(found);
}

std::optional<NodeName> DialQueue::take(std::size_t under_way) {
  if (waiting_.empty()) return std::nullopt;
  const auto next = waiting_.begin();
  if (under_way >= room_for(next->first.first)) return std::nullopt;
  NodeName peer = std::move(next->second);
  places_.erase(peer);
  waiting_.erase(next);
  return peer;
}

}  // namespace groot::dist
