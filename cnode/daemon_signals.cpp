#include "cnode/daemon_signals.hpp"

#include <array>
#include <initializer_list>
#include <pthread.h>

namespace groot {
namespace {

// Somebody's timers, log rotation, a pipe or a socket whose reader has gone, a data file at the
// limit of its size, which is an error of that write.
constexpr std::array ignored{SIGUSR1, SIGUSR2,   SIGPIPE, SIGALRM, SIGVTALRM,
                             SIGPROF, SIGSTKFLT, SIGIO,   SIGPWR,  SIGXFSZ};

}  // namespace

DaemonSignals::DaemonSignals() {
  for (const int number : ignored) ::signal(number, SIG_IGN);
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) ::signal(number, SIG_IGN);
  ::sigemptyset(&awaited_);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&awaited_, number);
  ::pthread_sigmask(SIG_BLOCK, &awaited_, nullptr);
  // nohup has it ignored: what is ignored cannot be waited for.
  ::signal(SIGHUP, SIG_DFL);
}

DaemonSignal DaemonSignals::wait() const {
  int number = 0;
  ::sigwait(&awaited_, &number);
  return number == SIGHUP ? DaemonSignal::read_again : DaemonSignal::stop;
}

}  // namespace groot
