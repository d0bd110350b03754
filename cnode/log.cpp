#include "cnode/log.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace groot {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

// Standard error, with a line in the place of those that were lost. spdlog's thread alone writes.
class DaemonLog::Sink final : public spdlog::sinks::sink {
 public:
  // `thread` lives as long as it writes here.
  explicit Sink(spdlog::details::thread_pool& thread) : thread_(thread) {}

  void log(const spdlog::details::log_msg& message) override {
    const std::uint64_t lost = thread_.overrun_counter();
    if (lost > told_lost_) {
      const std::string text = std::to_string(lost - told_lost_) +
                               " log lines were lost here: standard error was not read";
      told_lost_ = lost;
      stderr_.log({message.logger_name, spdlog::level::warn, text});
    }
    stderr_.log(message);
    stderr_.flush();
    const std::lock_guard lock(mutex_);
    ++written_;
    progress_.notify_all();
  }
  void flush() override { stderr_.flush(); }
  void set_pattern(const std::string& pattern) override { stderr_.set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    stderr_.set_formatter(std::move(formatter));
  }

  // Any thread. Waits until so many lines are written or lost; false when that takes too long.
  bool await(std::uint64_t lines, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return progress_.wait_for(lock, patience,
                              [&] { return written_ + thread_.overrun_counter() >= lines; });
  }

 private:
  spdlog::details::thread_pool& thread_;
  spdlog::sinks::stderr_sink_st stderr_;
  std::uint64_t told_lost_ = 0;
  std::mutex mutex_;
  std::condition_variable progress_;
  std::uint64_t written_ = 0;
};

DaemonLog::DaemonLog(LogLevel least)
    : thread_(std::make_shared<spdlog::details::thread_pool>(waiting_max, 1)),
      sink_(std::make_shared<Sink>(*thread_)),
      logger_(std::make_shared<spdlog::async_logger>(
          "groot", sink_, thread_, spdlog::async_overflow_policy::overrun_oldest)) {
  logger_->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  logger_->set_level(to_spdlog(least));
}

DaemonLog::~DaemonLog() = default;

void DaemonLog::write(LogLevel level, const std::string& text) {
  if (!logger_->should_log(to_spdlog(level))) return;
  std::string line = text;
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  ++handed_over_;
  logger_->log(to_spdlog(level), "{}", line);
}

bool DaemonLog::finish(std::chrono::milliseconds patience) {
  return sink_->await(handed_over_, patience);
}

}  // namespace groot
