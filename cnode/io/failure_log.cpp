#include "cnode/io/failure_log.hpp"

#include "cnode/io/limits.hpp"

namespace groot::io {

namespace {

constexpr std::int64_t interval_ms =
    std::chrono::duration_cast<std::chrono::milliseconds>(failure_log_interval).count();

}  // namespace

bool FailureLog::is_news(const std::string& peer, const std::string& text, std::int64_t now_ms) {
  const auto found = told_ms_.find({peer, text});
  if (found != told_ms_.end() && now_ms - found->second < interval_ms) return false;
  // Whoever knocks chooses the name under which it fails: forgetting costs a repeated line at most.
  if (found == told_ms_.end() && told_ms_.size() >= failure_log_entries_max) told_ms_.clear();
  told_ms_[{peer, text}] = now_ms;
  return true;
}

void FailureLog::forget(const std::string& peer) {
  auto entry = told_ms_.lower_bound({peer, ""});
  while (entry != told_ms_.end() && entry->first.first == peer) entry = told_ms_.erase(entry);
}

FailureLog::Room FailureLog::room_for(const std::string& host, std::int64_t now_ms) {
  if (!hosts_.contains(host) && hosts_.size() >= failure_log_entries_max) hosts_.clear();
  Host& entry = hosts_.try_emplace(host, Host{.since_ms = now_ms}).first->second;
  if (now_ms - entry.since_ms >= interval_ms) entry = {.since_ms = now_ms};
  if (entry.lines >= failure_lines_per_host_max) return Room::none;
  ++entry.lines;
  return entry.lines == failure_lines_per_host_max ? Room::last_line : Room::line;
}

}  // namespace groot::io
