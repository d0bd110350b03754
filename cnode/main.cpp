// The daemon: a groot::Node in the foreground until a signal ends it.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <signal.h>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <variant>

#include "cnode/command_line.hpp"
#include "cnode/daemon_signals.hpp"
#include "cnode/disk/standard_descriptors.hpp"
#include "cnode/log.hpp"
#include "cnode/node.hpp"

namespace {

// For the last lines to be written. With Node::stop it is little more than a second.
constexpr std::chrono::milliseconds log_patience{200};

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

// What can be read again is the cookie's file; everything else is from the command line.
void read_again(groot::Node& node, groot::DaemonLog& log) {
  const auto cookie = node.reread_cookie();
  if (!cookie) {
    log.write(groot::LogLevel::warning,
              "SIGHUP: the cookie stays as it is: " + cookie.error().detail);
  } else {
    log.write(groot::LogLevel::info,
              "SIGHUP: the cookie was read again from " + cookie->source +
                  (cookie->changed ? ": it is another one now" : ": it is the same"));
  }
}

int run(groot::CommandLine line, const groot::DaemonSignals& signals, groot::DaemonLog& log) {
  line.node.log = [&log](groot::LogLevel level, const std::string& text) {
    log.write(level, text);
  };
  std::atomic<bool> ended{false};
  line.node.ended = [&ended](const std::string&) {
    ended = true;
    ::kill(::getpid(), SIGTERM);  // what main waits for
  };
  const auto node = groot::Node::start(line.node);
  if (!node) {
    log.write(groot::LogLevel::error, "cannot start: " + node.error().text());
    return 1;
  }
  log.write(groot::LogLevel::info,
            "ready: " + (*node)->name() + " listens on port " + std::to_string((*node)->port()));

  while (signals.wait() == groot::DaemonSignal::read_again) read_again(**node, log);
  log.write(groot::LogLevel::info, "stopping");
  (*node)->stop();
  return ended ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  // First: whatever is opened may be given such a number.
  groot::disk::occupy_standard_descriptors();
  return_large_blocks();
  raise_descriptor_limit();
  auto parsed = groot::parse_command_line(argc, argv);
  if (const auto* exit = std::get_if<groot::Exit>(&parsed)) {
    std::fputs(exit->text.c_str(), exit->status == 0 ? stdout : stderr);
    return exit->status;
  }
  const groot::DaemonSignals signals;
  auto& line = std::get<groot::CommandLine>(parsed);
  groot::DaemonLog log(line.log_level);
  const int status = run(std::move(line), signals, log);
  // Nobody reads standard error, and a thread hangs in writing to it.
  if (!log.finish(log_patience)) std::_Exit(status);
  return status;
}
