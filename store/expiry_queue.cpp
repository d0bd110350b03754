#include "store/expiry_queue.hpp"

#include <algorithm>
#include <utility>

#include "store/give_back.hpp"

namespace groot::store {
namespace {

constexpr std::size_t void_max = 1024;  // below this a sweep is not worth its cost

bool later(const ExpiryQueue::Entry& a, const ExpiryQueue::Entry& b) {
  return a.at_ms > b.at_ms;
}

}  // namespace

ExpiryQueue::ExpiryQueue(IsCurrent is_current) : is_current_(std::move(is_current)) {}

void ExpiryQueue::push(const Entry& entry) {
  heap_.push_back(entry);
  std::ranges::push_heap(heap_, later);
}

void ExpiryQueue::voided() {
  ++void_count_;
  if (void_count_ <= void_max || void_count_ * 2 <= heap_.size()) return;
  std::erase_if(heap_, [this](const Entry& entry) { return !is_current_(entry); });
  give_back(heap_);
  std::ranges::make_heap(heap_, later);
  void_count_ = 0;
}

std::optional<ExpiryQueue::Entry> ExpiryQueue::due(std::int64_t wall_ms) {
  drop_void_heads();
  if (heap_.empty() || heap_.front().at_ms > wall_ms) return std::nullopt;
  return heap_.front();
}

std::optional<std::int64_t> ExpiryQueue::next_at_ms() {
  drop_void_heads();
  if (heap_.empty()) return std::nullopt;
  return heap_.front().at_ms;
}

void ExpiryQueue::postpone(std::int64_t by_ms) {
  for (Entry& entry : heap_) entry.at_ms += by_ms;
}

void ExpiryQueue::clear() {
  heap_.clear();
  give_back(heap_);
  void_count_ = 0;
}

void ExpiryQueue::drop_void_heads() {
  while (!heap_.empty() && !is_current_(heap_.front())) {
    std::ranges::pop_heap(heap_, later);
    heap_.pop_back();
    if (void_count_ > 0) --void_count_;
  }
  give_back(heap_);
}

}  // namespace groot::store
