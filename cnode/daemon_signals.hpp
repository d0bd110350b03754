// The signals of the daemon. Nothing of the node ever runs in a signal handler: those that mean
// something are blocked in every thread and waited for in main, those that mean nothing here, and
// would end the process, are ignored.
#pragma once

#include <signal.h>

namespace groot {

enum class DaemonSignal { stop, read_again };

class DaemonSignals {
 public:
  // Before any thread is started: threads inherit what is blocked.
  DaemonSignals();

  // Blocks until SIGTERM or SIGINT (stop), or SIGHUP (read_again) comes.
  [[nodiscard]] DaemonSignal wait() const;

 private:
  sigset_t awaited_{};
};

}  // namespace groot
