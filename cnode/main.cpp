// The daemon: a groot::Node in the foreground until a signal ends it.
#include <algorithm>
#include <cstdio>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <sys/resource.h>
#include <variant>

#include "cnode/command_line.hpp"
#include "cnode/log.hpp"
#include "cnode/node.hpp"

namespace {

// Blocked in every thread (those started later inherit it) and waited for in main: nothing of the
// node ever runs in a signal handler.
sigset_t block_stop_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Large values and states come and go. glibc serves them from its heap once it has seen a few, and
// a small block above them then keeps hundreds of megabytes from going back to the system.
void return_large_blocks() {
#ifdef M_MMAP_THRESHOLD
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

// One descriptor a connection, and the usual soft limit of 1,024 is there for programs that use
// select. The bound is for the programs we start: some touch every descriptor that they may have.
void raise_descriptor_limit() {
  constexpr rlim_t wanted_max = 65'536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, wanted_max);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(groot::CommandLine line) {
  const sigset_t stop_signals = block_stop_signals();
  // A closed standard error must not end the node.
  ::signal(SIGPIPE, SIG_IGN);

  groot::DaemonLog log(line.log_level);
  line.node.log = [&log](groot::LogLevel level, const std::string& text) {
    log.write(level, text);
  };
  const auto node = groot::Node::start(line.node);
  if (!node) {
    log.write(groot::LogLevel::error, "cannot start: " + node.error().text());
    return 1;
  }
  log.write(groot::LogLevel::info,
            "ready: " + (*node)->name() + " listens on port " + std::to_string((*node)->port()));

  int signal = 0;
  ::sigwait(&stop_signals, &signal);
  log.write(groot::LogLevel::info, "stopping");
  (*node)->stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return_large_blocks();
  raise_descriptor_limit();
  auto parsed = groot::parse_command_line(argc, argv);
  if (const auto* exit = std::get_if<groot::Exit>(&parsed)) {
    std::fputs(exit->text.c_str(), exit->status == 0 ? stdout : stderr);
    return exit->status;
  }
  return run(std::move(std::get<groot::CommandLine>(parsed)));
}
