#include "cnode/process/log_throttle.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace groot::process {
namespace {

// A cause is remembered for longer than it is silenced: the next line can tell how often it was
// left out.
constexpr std::int64_t remembered_ms = 2 * log_interval_ms;

}  // namespace

bool LogThrottle::admit(LogLine& line, std::int64_t now_ms) {
  forget_old(now_ms);
  const auto of_source = by_source_.find(line.source);
  const bool source_is_full =
      of_source != by_source_.end() && of_source->second >= limits_.per_source_max;
  if (source_is_full || of_level(line.level) >= limits_.per_level_max) {
    hold_back(line, now_ms);
    return false;
  }
  if (!line.cause.empty()) {
    const auto left_out = repeats_.tell({line.source, line.cause}, now_ms, log_interval_ms);
    if (!left_out) return false;
    if (*left_out > 0) line.text += " (and " + std::to_string(*left_out) + " more like it)";
  }
  count(line, now_ms);
  return true;
}

void LogThrottle::count(LogLine& line, std::int64_t now_ms) {
  if (!line.source.empty() && ++by_source_[line.source] == limits_.per_source_max) {
    line.text += " (more like it is held back for a while)";
  }
  ++of_level(line.level);
  written_.push_back({now_ms, line.level, line.source});
}

void LogThrottle::hold_back(const LogLine& line, std::int64_t now_ms) {
  if (held_back_ == 0) held_back_since_ms_ = now_ms;
  if (example_.empty()) example_ = line.text;
  ++held_back_;
}

void LogThrottle::forget_old(std::int64_t now_ms) {
  while (!written_.empty() && now_ms - written_.front().at_ms >= log_interval_ms) {
    const Written& old = written_.front();
    --of_level(old.level);
    const auto of_source = by_source_.find(old.source);
    if (of_source != by_source_.end() && --of_source->second == 0) by_source_.erase(of_source);
    written_.pop_front();
  }
  repeats_.forget_until(now_ms - remembered_ms);
  if (const std::uint64_t forgotten = repeats_.take_forgotten(); forgotten > 0) {
    if (held_back_ == 0) held_back_since_ms_ = now_ms - log_interval_ms;
    held_back_ += forgotten;
  }
}

std::optional<LogLine> LogThrottle::summary(std::int64_t now_ms) {
  forget_old(now_ms);
  if (held_back_ == 0 || now_ms - held_back_since_ms_ < log_interval_ms) return std::nullopt;
  return tell_held_back();
}

std::optional<LogLine> LogThrottle::last_summary() {
  repeats_.forget_until(std::numeric_limits<std::int64_t>::max());
  held_back_ += repeats_.take_forgotten();
  if (held_back_ == 0) return std::nullopt;
  return tell_held_back();
}

LogLine LogThrottle::tell_held_back() {
  std::string text = std::to_string(held_back_) +
                     (held_back_ == 1 ? " log line was held back" : " log lines were held back");
  text +=
      example_.empty() ? ": repeats of what was told before" : ", the first of them: " + example_;
  held_back_ = 0;
  example_.clear();
  return {LogLine::Level::warning, std::move(text), {}, {}};
}

std::optional<std::int64_t> LogThrottle::next_ms() const {
  std::optional<std::int64_t> next;
  if (held_back_ > 0) next = held_back_since_ms_ + log_interval_ms;
  if (const auto oldest_ms = repeats_.oldest_ms()) {
    next = std::min(next.value_or(*oldest_ms + remembered_ms), *oldest_ms + remembered_ms);
  }
  return next;
}

}  // namespace groot::process
