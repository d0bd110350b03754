// The log's own thread: takes lines from any thread into a queue of bounded length, and gives them
// one by one to the function that the owner of the node wants them to go to. Nobody but this thread
// waits for that function, which may block, for ever too, or throw.
//
//   any thread ──write──> throttle ──> queue (log_queue_lines_max) ──the log's thread──> sink
//
// What finds the queue full is lost and counted; a line says how many when there is room again.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "cnode/process/log_throttle.hpp"

namespace groot::io {

class LogWriter {
 public:
  using Level = process::LogLine::Level;
  using Sink = std::function<void(Level, const std::string&)>;

  // Starts the thread, where there is a sink. Without one nothing is written.
  explicit LogWriter(Sink sink, const process::LogLimits& limits = {});
  ~LogWriter();  // stops
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Any thread; never waits for the sink. What the throttle holds back is not written; what is
  // longer than log_line_bytes_max is cut there.
  void write(process::LogLine line);
  // Any thread. Returns when the sink has had all that was written before, or after log_patience.
  void flush();
  // Any thread but the log's; idempotent. Gives the sink what is queued, for log_patience at most,
  // and ends the thread. Is the sink still not back by then, the thread is left to it: it ends
  // when the sink returns, without another line. Nothing can be written any more.
  void stop();

 private:
  struct State;
  static void run(State& state);

  std::shared_ptr<State> state_;  // null without a sink; the thread's, too
  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace groot::io
