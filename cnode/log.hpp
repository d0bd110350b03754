// The daemon's log: one line per event on standard error, with time and level.
#pragma once

#include <memory>
#include <string>

#include "cnode/node.hpp"

namespace spdlog {
class logger;
}

namespace groot {

class DaemonLog {
 public:
  explicit DaemonLog(LogLevel least);

  // Any thread. What a peer may have put into `text` cannot start a line of its own.
  void write(LogLevel level, const std::string& text);

 private:
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace groot
