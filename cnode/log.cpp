#include "cnode/log.hpp"

#include <algorithm>

#include <spdlog/logger.h>
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

DaemonLog::DaemonLog(LogLevel least)
    : logger_(std::make_shared<spdlog::logger>("groot",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  logger_->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  logger_->set_level(to_spdlog(least));
  logger_->flush_on(spdlog::level::debug);
}

void DaemonLog::write(LogLevel level, const std::string& text) {
  std::string line = text;
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  logger_->log(to_spdlog(level), "{}", line);
}

}  // namespace groot
