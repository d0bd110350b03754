#include "cnode/process/log_throttle.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>

#include <doctest/doctest.h>

namespace groot::process {
namespace {

using Level = LogLine::Level;
using Text = std::optional<std::string>;

// A log, and the time.
struct Log {
  // The line as it is written; none when it is held back.
  Text write(LogLine line) { return throttle.admit(line, now_ms) ? Text(line.text) : std::nullopt; }
  Text warn(const std::string& source, const std::string& cause) {
    return write({Level::warning, "line", source, cause});
  }
  // The summary that is due.
  Text summary() {
    const auto line = throttle.summary(now_ms);
    return line ? Text(line->text) : std::nullopt;
  }

  LogThrottle throttle;
  std::int64_t now_ms = 1'000;
};

TEST_CASE("one line a cause of a source in a minute, and the next one counts") {
  Log log;
  CHECK(log.warn("a", "x") == "line");
  CHECK(log.warn("a", "x") == std::nullopt);
  CHECK(log.warn("a", "y") == "line");
  CHECK(log.warn("b", "x") == "line");
  log.now_ms += log_interval_ms - 1;
  CHECK(log.warn("a", "x") == std::nullopt);
  log.now_ms += 1;
  CHECK(log.warn("a", "x") == "line (and 2 more like it)");
  CHECK(log.warn("a", "y") == "line");
  CHECK(log.summary() == std::nullopt);
}

TEST_CASE("a line without a cause never repeats another") {
  Log log;
  for (int i = 0; i < 10; ++i) CHECK(log.warn("a", "") == "line");
  for (int i = 0; i < 100; ++i) CHECK(log.warn("", "") == "line");
}

TEST_CASE("what a cause was silenced for is told, also when it does not come again") {
  Log log;
  CHECK(log.warn("a", "x").has_value());
  for (int i = 0; i < 5; ++i) CHECK_FALSE(log.warn("a", "x").has_value());
  REQUIRE(log.throttle.next_ms().has_value());
  log.now_ms = *log.throttle.next_ms();
  CHECK(log.summary() == "5 log lines were held back: repeats of what was told before");
  CHECK(log.throttle.next_ms() == std::nullopt);
  CHECK(log.throttle.remembered() == 0);
}

TEST_CASE("a source has so many lines a minute, whatever it says; the last one says so") {
  Log log;
  for (std::size_t i = 1; i < log_lines_per_source_max; ++i) {
    CHECK(log.warn("10.0.0.1", std::to_string(i)) == "line");
  }
  CHECK(log.warn("10.0.0.1", "last") == "line (more like it is held back for a while)");
  CHECK(log.warn("10.0.0.1", "one more") == std::nullopt);
  CHECK(log.warn("10.0.0.1", "1") == std::nullopt);
  CHECK(log.write({Level::info, "at any level", "10.0.0.1", ""}) == std::nullopt);
  CHECK(log.warn("10.0.0.2", "1") == "line");
  CHECK(log.summary() == std::nullopt);
  CHECK(log.throttle.next_ms() == log.now_ms + log_interval_ms);
  log.now_ms += log_interval_ms;
  CHECK(log.summary() == "3 log lines were held back, the first of them: line");
  CHECK(log.warn("10.0.0.1", "one more") == "line");
}

TEST_CASE("6,000 addresses with a wrong cookie: so many lines a minute, and one that counts") {
  Log log;
  std::size_t written = 0;
  for (int i = 0; i < 6'000; ++i) {
    log.now_ms += 5;  // half a minute
    const std::string address = "127.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    if (log.warn(address, "wrong cookie").has_value()) ++written;
  }
  CHECK(written == log_lines_per_level_max);
  // The tables hold what was written, not what knocked.
  CHECK(log.throttle.remembered() <= 3 * log_lines_per_level_max);
  log.now_ms += log_interval_ms;
  CHECK(log.summary() == "5800 log lines were held back, the first of them: line");
  CHECK(log.summary() == std::nullopt);
}

TEST_CASE("in any minute, whenever it begins, no more lines of a level than there may be") {
  Log log;
  std::deque<std::int64_t> written;
  for (int i = 0; i < 20'000; ++i) {
    log.now_ms += 17;
    if (!log.warn("", "").has_value()) continue;
    written.push_back(log.now_ms);
    while (written.front() <= log.now_ms - log_interval_ms) written.pop_front();
    REQUIRE(written.size() <= log_lines_per_level_max);
  }
  CHECK(written.size() > 0);
}

TEST_CASE("levels do not share: what strangers cause leaves room for what matters more") {
  Log log;
  for (std::size_t i = 0; i < 2 * log_lines_per_level_max; ++i) {
    (void)log.warn(std::to_string(i), "wrong cookie");
  }
  CHECK(log.write({Level::error, "changes are not saved"}) == "changes are not saved");
  CHECK(log.write({Level::info, "connected"}) == "connected");
  CHECK(log.write({Level::debug, "detail"}) == "detail");
}

TEST_CASE("made-up names cannot make it grow for ever, nor be told again for others' noise") {
  Log log;
  CHECK(log.warn("steady", "away").has_value());
  std::size_t most = 0;
  for (int i = 0; i < 50'000; ++i) {
    log.now_ms += 1;
    (void)log.warn("n" + std::to_string(i), "refused");
    most = std::max(most, log.throttle.remembered());
  }
  CHECK(most <= 6 * log_lines_per_level_max);
  CHECK_FALSE(log.warn("steady", "away").has_value());
}

TEST_CASE("at the end what is held back is told at once") {
  Log log;
  CHECK(log.throttle.last_summary() == std::nullopt);
  (void)log.warn("a", "x");
  CHECK(log.throttle.last_summary() == std::nullopt);
  (void)log.warn("a", "x");
  (void)log.warn("a", "x");
  const auto line = log.throttle.last_summary();
  REQUIRE(line.has_value());
  CHECK(line->text == "1 log line was held back: repeats of what was told before");
}

}  // namespace
}  // namespace groot::process
