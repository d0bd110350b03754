#include "cpp_tests/sim/schedule.hpp"

#include <algorithm>
#include <utility>

namespace groot::sim {

void Schedule::at(Ms when, Action action) {
  heap_.push_back({std::max(when, now_), ++numbers_, std::move(action)});
  std::ranges::push_heap(heap_, is_later);
}

void Schedule::skip(Ms time) {
  now_ += time;
  for (Entry& entry : heap_) entry.at += time;
}

void Schedule::run_until(Ms end) {
  while (!heap_.empty() && heap_.front().at <= end) {
    std::ranges::pop_heap(heap_, is_later);
    const Entry entry = std::move(heap_.back());
    heap_.pop_back();
    now_ = entry.at;
    entry.action();
  }
  now_ = std::max(now_, end);
}

}  // namespace groot::sim
