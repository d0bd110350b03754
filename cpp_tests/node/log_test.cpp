// The daemon's log, with standard error in the test's hands.
#include "cnode/log.hpp"

#include <array>
#include <chrono>
#include <fcntl.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using groot::DaemonLog;
using groot::LogLevel;
using Clock = std::chrono::steady_clock;

namespace {

// Standard error is a pipe that is full, until it is read.
class FullStderr {
 public:
  FullStderr() : old_(::dup(STDERR_FILENO)) {
    REQUIRE(::pipe(ends_.data()) == 0);
    ::fcntl(ends_[1], F_SETFL, O_NONBLOCK);
    const std::string filler(4'096, '.');
    while (::write(ends_[1], filler.data(), filler.size()) > 0) {
    }
    ::fcntl(ends_[1], F_SETFL, 0);
    ::dup2(ends_[1], STDERR_FILENO);
  }
  ~FullStderr() {
    ::dup2(old_, STDERR_FILENO);
    for (const int descriptor : {old_, ends_[0], ends_[1]}) ::close(descriptor);
  }
  FullStderr(const FullStderr&) = delete;
  FullStderr& operator=(const FullStderr&) = delete;

  // Reads until what was read ends with `end`.
  std::string read_to(std::string_view end) {
    std::string text;
    std::array<char, 65'536> piece{};
    while (!text.ends_with(end)) {
      const ssize_t count = ::read(ends_[0], piece.data(), piece.size());
      REQUIRE(count > 0);
      text.append(piece.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int old_;
  std::array<int, 2> ends_{};
};

}  // namespace

TEST_CASE("nobody waits for a standard error that nobody reads; what is lost is counted") {
  FullStderr full;
  DaemonLog log(LogLevel::info);
  const auto begin = Clock::now();
  const std::size_t lines = 10 * DaemonLog::waiting_max;
  for (std::size_t i = 0; i < lines; ++i) log.write(LogLevel::info, "line " + std::to_string(i));
  CHECK(Clock::now() - begin < 1s);
  log.write(LogLevel::debug, "not wanted");
  log.write(LogLevel::warning, "the\nlast");
  CHECK_FALSE(log.finish(50ms));
  const std::string text = full.read_to(" warning the last\n");
  CHECK(log.finish(20s));
  // One may be in the thread's hands, the oldest in the queue are gone.
  CHECK(text.find("log lines were lost here: standard error was not read\n") != text.npos);
  CHECK(text.find(" info line " + std::to_string(lines - 1) + "\n") != text.npos);
  CHECK(text.find(" info line 100\n") == text.npos);
  CHECK(text.find("not wanted") == text.npos);
}

TEST_CASE("what was written is there when the log has finished") {
  FullStderr full;
  {
    DaemonLog log(LogLevel::debug);
    CHECK(log.finish(0ms));
    log.write(LogLevel::debug, "one");
    log.write(LogLevel::error, "two");
    const std::string text = full.read_to(" error two\n");
    CHECK(text.find(" debug one\n") != text.npos);
    CHECK(log.finish(20s));
  }
}
