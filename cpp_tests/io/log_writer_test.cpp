#include "cnode/io/log_writer.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "cnode/io/limits.hpp"

using namespace std::chrono_literals;
using groot::io::log_line_bytes_max;
using groot::io::log_patience;
using groot::io::log_queue_lines_max;
using groot::io::LogWriter;
using groot::process::LogLine;
using Level = LogLine::Level;
using Clock = std::chrono::steady_clock;

namespace {

// What the throttle does has tests of its own.
constexpr groot::process::LogLimits unlimited{1'000'000, 1'000'000};

// Where the lines go; while it is closed, it takes one and does not come back.
class Gate {
 public:
  void take(const std::string& text) {
    std::unique_lock lock(mutex_);
    entered_ = true;
    news_.notify_all();
    news_.wait(lock, [this] { return open_; });
    lines_.push_back(text);
    news_.notify_all();
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    news_.notify_all();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
    entered_ = false;
  }
  void await_entered() {
    std::unique_lock lock(mutex_);
    REQUIRE(news_.wait_for(lock, 20s, [this] { return entered_; }));
  }
  std::vector<std::string> await_lines(std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(news_.wait_for(lock, 20s, [&] { return lines_.size() >= count; }));
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<std::string> lines_;
  bool open_ = true;
  bool entered_ = false;
};

LogWriter::Sink into(const std::shared_ptr<Gate>& gate) {
  return [gate](Level, const std::string& text) { gate->take(text); };
}

LogLine info(std::string text) {
  return {Level::info, std::move(text)};
}

Clock::duration time_of(const auto& call) {
  const auto begin = Clock::now();
  call();
  return Clock::now() - begin;
}

}  // namespace

TEST_CASE("lines reach the sink in order, each with its level, from another thread") {
  std::vector<std::pair<Level, std::string>> lines;
  std::thread::id thread;
  {
    LogWriter log([&](Level level, const std::string& text) {
      thread = std::this_thread::get_id();
      lines.emplace_back(level, text);
    });
    for (int i = 0; i < 100; ++i) log.write({Level::debug, std::to_string(i)});
    log.write({Level::error, "last"});
  }
  REQUIRE(lines.size() == 101);
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(lines[i] == std::pair(Level::debug, std::to_string(i)));
  }
  CHECK(lines[100] == std::pair(Level::error, std::string("last")));
  CHECK(thread != std::this_thread::get_id());
}

TEST_CASE("who writes waits for no sink; what does not fit is counted where it is missing") {
  const auto gate = std::make_shared<Gate>();
  LogWriter log(into(gate), unlimited);
  gate->close();
  log.write(info("first"));
  gate->await_entered();
  constexpr std::size_t lost = 500;
  const auto took = time_of([&log] {
    for (std::size_t i = 1; i < log_queue_lines_max + lost; ++i) {
      log.write(info(std::to_string(i)));
    }
  });
  CHECK(took < 1s);
  gate->open();
  auto lines = gate->await_lines(log_queue_lines_max + 1);
  CHECK(lines.size() == log_queue_lines_max + 1);
  CHECK(lines.front() == "first");
  CHECK(lines.at(log_queue_lines_max - 1) == std::to_string(log_queue_lines_max - 1));
  CHECK(lines.back() == "500 log lines were lost: they came faster than they were taken");
  log.write(info("after"));
  CHECK(gate->await_lines(log_queue_lines_max + 2).back() == "after");
}

TEST_CASE("what is lost is told before what comes after it") {
  const auto gate = std::make_shared<Gate>();
  LogWriter log(into(gate), unlimited);
  gate->close();
  log.write(info("first"));
  gate->await_entered();
  for (std::size_t i = 0; i < log_queue_lines_max; ++i) log.write(info("filler"));
  gate->open();
  // From the first free place on.
  std::thread writer([&log] {
    for (int i = 0; i < 100; ++i) log.write(info("later"));
  });
  writer.join();
  log.flush();
  const auto lines = gate->await_lines(log_queue_lines_max + 1);
  const auto told = std::ranges::find_if(
      lines, [](const std::string& line) { return line.find("lost") != line.npos; });
  REQUIRE(told != lines.end());
  CHECK(std::find(lines.begin(), told, "later") == told);
}

TEST_CASE("a sink that throws loses that line, and is called again") {
  std::vector<std::string> lines;
  int throws = 3;
  {
    LogWriter log([&](Level, const std::string& text) {
      if (throws-- > 0) {
        if (throws == 0) throw 7;
        throw std::runtime_error("no room");
      }
      lines.push_back(text);
    });
    for (int i = 0; i < 5; ++i) log.write(info(std::to_string(i)));
  }
  CHECK(lines ==
        std::vector<std::string>{"3",
                                 "3 log lines were lost: the log function threw: something "
                                 "that is no std::exception",
                                 "4"});
}

TEST_CASE("a sink that always throws is heard of by nobody, and ends nothing") {
  LogWriter log([](Level, const std::string&) { throw std::runtime_error("never"); });
  for (std::size_t i = 0; i < 2 * log_queue_lines_max; ++i) log.write(info("line"));
  CHECK(time_of([&log] { log.stop(); }) < log_patience + 1s);
}

TEST_CASE("stop waits for what is queued, but not for ever for a sink that never returns") {
  const auto gate = std::make_shared<Gate>();
  std::optional<LogWriter> log(std::in_place, into(gate), unlimited);
  gate->close();
  log->write(info("stuck"));
  log->write(info("never given"));
  gate->await_entered();
  const auto took = time_of([&log] { log->flush(); });
  CHECK(took >= log_patience);
  CHECK(took < log_patience + 1s);
  CHECK(time_of([&log] { log.reset(); }) < log_patience + 1s);
  // Its thread ends when the sink returns: without another line.
  gate->open();
  CHECK(gate->await_lines(1) == std::vector<std::string>{"stuck"});
}

TEST_CASE("after stop nothing is written, without a sink nothing either") {
  const auto gate = std::make_shared<Gate>();
  LogWriter log(into(gate), unlimited);
  log.write(info("before"));
  log.stop();
  log.write(info("after"));
  log.flush();
  log.stop();
  CHECK(gate->await_lines(1).size() == 1);
  LogWriter silent(nullptr);
  silent.write(info("line"));
  silent.flush();
  silent.stop();
}

TEST_CASE("what is held back is told at the end") {
  std::vector<std::string> lines;
  {
    LogWriter log([&](Level, const std::string& text) { lines.push_back(text); },
                  {.per_level_max = 2});
    for (int i = 0; i < 10; ++i) log.write(info(std::to_string(i)));
  }
  CHECK(lines ==
        std::vector<std::string>{"0", "1", "8 log lines were held back, the first of them: 2"});
}

TEST_CASE("a line has a length") {
  const auto gate = std::make_shared<Gate>();
  LogWriter log(into(gate), unlimited);
  log.write(info(std::string(log_line_bytes_max, 'x')));
  log.write(info(std::string(log_line_bytes_max + 1, 'x')));
  const auto lines = gate->await_lines(2);
  CHECK(lines.at(0).size() == log_line_bytes_max);
  CHECK(lines.at(1) == std::string(log_line_bytes_max, 'x') + "...");
}
