#include "cnode/io/failure_log.hpp"

#include "cnode/io/limits.hpp"

namespace groot::io {

bool FailureLog::is_news(const std::string& peer, const std::string& text, std::int64_t now_ms) {
  constexpr std::int64_t interval_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(failure_log_interval).count();
  const auto found = entries_.find(peer);
  if (found != entries_.end() && found->second.text == text &&
      now_ms - found->second.told_ms < interval_ms) {
    return false;
  }
  // Whoever knocks chooses the name under which it fails: forgetting costs a repeated line at most.
  if (found == entries_.end() && entries_.size() >= failure_log_entries_max) entries_.clear();
  entries_[peer] = {.text = text, .told_ms = now_ms};
  return true;
}

void FailureLog::forget(const std::string& peer) {
  entries_.erase(peer);
}

}  // namespace groot::io
