#include "cnode/io/failure_log.hpp"

#include <string>

#include <doctest/doctest.h>

#include "cnode/io/limits.hpp"

using groot::io::FailureLog;

namespace {

constexpr std::int64_t interval_ms =
    std::chrono::duration_cast<std::chrono::milliseconds>(groot::io::failure_log_interval).count();

}  // namespace

TEST_CASE("the same failure is news once in an interval") {
  FailureLog log;
  CHECK(log.is_news("a@h", "refused", 1000));
  CHECK_FALSE(log.is_news("a@h", "refused", 1000 + interval_ms - 1));
  CHECK(log.is_news("a@h", "refused", 1000 + interval_ms));
  CHECK_FALSE(log.is_news("a@h", "refused", 1000 + interval_ms + 1));
}

TEST_CASE("another failure or another peer is news") {
  FailureLog log;
  CHECK(log.is_news("a@h", "refused", 0));
  CHECK(log.is_news("a@h", "no answer", 1));
  CHECK(log.is_news("b@h", "no answer", 2));
  CHECK_FALSE(log.is_news("a@h", "no answer", 3));
}

TEST_CASE("two failures that take turns are news once each") {
  FailureLog log;
  CHECK(log.is_news("a@h", "refused", 0));
  CHECK(log.is_news("a@h", "no answer", 1));
  CHECK_FALSE(log.is_news("a@h", "refused", 2));
  CHECK_FALSE(log.is_news("a@h", "no answer", 3));
}

TEST_CASE("a failure after a success is news") {
  FailureLog log;
  CHECK(log.is_news("a@h", "refused", 0));
  CHECK(log.is_news("a@h", "no answer", 0));
  CHECK(log.is_news("b@h", "refused", 0));
  log.forget("a@h");
  CHECK(log.is_news("a@h", "refused", 1));
  CHECK(log.is_news("a@h", "no answer", 1));
  CHECK_FALSE(log.is_news("b@h", "refused", 1));
}

TEST_CASE("a host has so many lines an interval, whatever its clients call themselves") {
  using Room = FailureLog::Room;
  FailureLog log;
  for (std::size_t i = 1; i < groot::io::failure_lines_per_host_max; ++i) {
    CHECK(log.room_for("10.0.0.1", 1000) == Room::line);
  }
  CHECK(log.room_for("10.0.0.1", 1000) == Room::last_line);
  CHECK(log.room_for("10.0.0.1", 1000 + interval_ms - 1) == Room::none);
  CHECK(log.room_for("10.0.0.2", 1000) == Room::line);
  CHECK(log.room_for("10.0.0.1", 1000 + interval_ms) == Room::line);
}

TEST_CASE("made-up names cannot make it grow for ever") {
  FailureLog log;
  for (std::size_t i = 0; i < groot::io::failure_log_entries_max; ++i) {
    CHECK(log.is_news("n" + std::to_string(i), "refused", 0));
  }
  CHECK_FALSE(log.is_news("n0", "refused", 1));
  CHECK(log.is_news("one more", "refused", 1));
  CHECK(log.is_news("n0", "refused", 1));
}
