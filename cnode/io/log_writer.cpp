#include "cnode/io/log_writer.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <utility>

#include "cnode/io/core.hpp"
#include "cnode/io/limits.hpp"

namespace groot::io {
namespace {

using process::LogLine;

LogLine lost_lines(std::uint64_t count, const std::string& why) {
  return {LogLine::Level::warning,
          std::to_string(count) + (count == 1 ? " log line was lost: " : " log lines were lost: ") +
              why,
          {},
          {}};
}

}  // namespace

struct LogWriter::State {
  State(Sink where, const process::LogLimits& limits) : sink(std::move(where)), throttle(limits) {}

  [[nodiscard]] bool all_given() const { return lines.empty() && lost == 0 && !giving; }
  // Without the lock. Whether the sink took it.
  bool give(const LogLine& line);
  // Behind what is in the queue.
  void put(LogLine line);
  // Puts the throttle's line into the queue when it is due, and at the end.
  void put_summary();
  // Waits for a line, for the end, or until the throttle has one.
  void await_news(std::unique_lock<std::mutex>& lock);
  // In the place of those that found no room, behind the lines that did.
  [[nodiscard]] LogLine take_lost() {
    return lost_lines(std::exchange(lost, 0), "they came faster than they were taken");
  }

  const Sink sink;
  std::mutex mutex;
  std::condition_variable news;     // for the thread
  std::condition_variable settled;  // for who waits for it
  process::LogThrottle throttle;
  std::deque<LogLine> lines;
  std::uint64_t lost = 0;  // since the last line in the queue
  bool giving = false;
  bool stopping = false;
  bool abandoned = false;
  bool ended = false;

  // The thread's own: what the sink threw at, and what it threw last.
  std::uint64_t thrown = 0;
  std::string thrown_text;
};

bool LogWriter::State::give(const LogLine& line) {
  try {
    sink(line.level, line.text);
    return true;
  } catch (const std::exception& exception) {
    thrown_text = exception.what();
  } catch (...) {
    thrown_text = "something that is no std::exception";
  }
  return false;
}

void LogWriter::State::put(LogLine line) {
  // Two: who tells of the lost ones needs a place as well.
  if (lines.size() + 2 > log_queue_lines_max) {
    ++lost;
    return;
  }
  if (lost > 0) lines.push_back(take_lost());
  lines.push_back(std::move(line));
}

void LogWriter::State::put_summary() {
  auto line = stopping ? throttle.last_summary() : throttle.summary(monotonic_ms());
  if (line) put(*std::move(line));
}

void LogWriter::State::await_news(std::unique_lock<std::mutex>& lock) {
  if (!lines.empty() || lost > 0 || stopping) return;
  if (const auto due_ms = throttle.next_ms()) {
    news.wait_for(lock, std::chrono::milliseconds(*due_ms - monotonic_ms()));
  } else {
    news.wait(lock);
  }
}

LogWriter::LogWriter(Sink sink, const process::LogLimits& limits) {
  if (!sink) return;
  state_ = std::make_shared<State>(std::move(sink), limits);
  thread_ = std::thread([state = state_] { run(*state); });
}

LogWriter::~LogWriter() {
  stop();
}

void LogWriter::run(State& state) {
  std::unique_lock lock(state.mutex);
  while (true) {
    state.await_news(lock);
    state.put_summary();
    if (state.abandoned) break;
    if (state.lines.empty() && state.lost == 0) {
      if (state.stopping) break;
      continue;
    }
    LogLine line;
    if (state.lines.empty()) {
      line = state.take_lost();
    } else {
      line = std::move(state.lines.front());
      state.lines.pop_front();
    }
    state.giving = true;
    lock.unlock();
    if (!state.give(line)) {
      ++state.thrown;
    } else if (state.thrown > 0 && state.give(lost_lines(state.thrown, "the log function threw: " +
                                                                           state.thrown_text))) {
      state.thrown = 0;
    }
    lock.lock();
    state.giving = false;
    if (state.all_given()) state.settled.notify_all();
  }
  state.ended = true;
  state.settled.notify_all();
}

void LogWriter::write(LogLine line) {
  if (!state_) return;
  if (line.text.size() > log_line_bytes_max) {
    line.text.replace(log_line_bytes_max, line.text.npos, "...");
  }
  const std::lock_guard lock(state_->mutex);
  if (state_->stopping) return;
  // Also where it is held back: then there is a line to be written later.
  if (state_->throttle.admit(line, monotonic_ms())) state_->put(std::move(line));
  state_->news.notify_one();
}

void LogWriter::flush() {
  if (!state_) return;
  std::unique_lock lock(state_->mutex);
  state_->settled.wait_for(lock, log_patience,
                           [this] { return state_->all_given() || state_->ended; });
}

void LogWriter::stop() {
  const std::lock_guard only_one(stop_mutex_);
  if (!thread_.joinable()) return;
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->news.notify_one();
  const bool ended = state_->settled.wait_for(lock, log_patience, [this] { return state_->ended; });
  state_->abandoned = true;
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

}  // namespace groot::io
