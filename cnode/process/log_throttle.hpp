// Keeps the log readable, and of bounded length, whatever repeats: a peer that stays away, a client
// that talks nonsense in a loop, strangers who knock from ever new addresses. The one place in the
// program where a line may be held back; every line passes it.
//
//   the same cause of the same source:   one line in log_interval_ms, the next one counts the rest
//   lines of one source, of any cause:   log_lines_per_source_max in that time
//   lines of one level, from wherever:   log_lines_per_level_max in that time
//
// What is held back by the last two is counted, and a line tells the count, with one of them as an
// example, log_interval_ms after the first was. Levels do not share: what strangers can cause
// leaves room for what the disk has to say. Pure, not thread-safe; monotonic milliseconds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "cnode/process/limits.hpp"
#include "cnode/process/router.hpp"
#include "store/repeat_limit.hpp"

namespace groot::process {

struct LogLimits {
  std::size_t per_source_max = log_lines_per_source_max;
  std::size_t per_level_max = log_lines_per_level_max;
};

class LogThrottle {
 public:
  explicit LogThrottle(const LogLimits& limits = {}) : limits_(limits) {}

  // Whether `line` is to be written; its text then says what was, or will be, held back like it.
  [[nodiscard]] bool admit(LogLine& line, std::int64_t now_ms);

  // The line about what was held back, once it is due.
  [[nodiscard]] std::optional<LogLine> summary(std::int64_t now_ms);
  // The same, due or not: at the end.
  [[nodiscard]] std::optional<LogLine> last_summary();
  // When to ask for it. None: nothing is held back.
  [[nodiscard]] std::optional<std::int64_t> next_ms() const;

  // Entries in all tables, for tests of their bounds.
  [[nodiscard]] std::size_t remembered() const {
    return repeats_.size() + written_.size() + by_source_.size();
  }

 private:
  struct Written {
    std::int64_t at_ms;
    LogLine::Level level;
    std::string source;
  };

  [[nodiscard]] std::size_t& of_level(LogLine::Level level) {
    return by_level_.at(static_cast<std::size_t>(level));
  }
  void forget_old(std::int64_t now_ms);
  void hold_back(const LogLine& line, std::int64_t now_ms);
  void count(LogLine& line, std::int64_t now_ms);
  [[nodiscard]] LogLine tell_held_back();

  LogLimits limits_;
  store::RepeatLimit<std::pair<std::string, std::string>> repeats_{log_causes_max};
  std::deque<Written> written_;  // in the last log_interval_ms
  std::map<std::string, std::size_t> by_source_;
  std::array<std::size_t, 4> by_level_{};
  std::uint64_t held_back_ = 0;
  std::int64_t held_back_since_ms_ = 0;
  std::string example_;
};

}  // namespace groot::process
