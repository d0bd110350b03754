// The daemon's log: one line per event on standard error, with time and level, written by a thread
// of its own. Who logs never waits for standard error, which may be a pipe that nobody reads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "cnode/node.hpp"

namespace spdlog {
class logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace groot {

class DaemonLog {
 public:
  // Lines that wait to be written; above, the oldest are lost. A line says how many.
  static constexpr std::size_t waiting_max = 512;

  explicit DaemonLog(LogLevel least);
  // Waits until all is written, for ever where nobody reads: see finish.
  ~DaemonLog();
  DaemonLog(const DaemonLog&) = delete;
  DaemonLog& operator=(const DaemonLog&) = delete;

  // Any thread; never blocks. What a peer may have put into `text` cannot start a line of its own.
  void write(LogLevel level, const std::string& text);

  // Whether all that was written before is on standard error, or will be within `patience`. False:
  // nobody reads it, and the process must be ended without this object's destructor.
  [[nodiscard]] bool finish(std::chrono::milliseconds patience);

 private:
  class Sink;

  std::shared_ptr<spdlog::details::thread_pool> thread_;
  std::shared_ptr<Sink> sink_;
  std::shared_ptr<spdlog::logger> logger_;
  std::atomic<std::uint64_t> handed_over_{0};
};

}  // namespace groot
