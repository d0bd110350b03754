#include "cnode/io/epmd_launcher.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace groot::io {

namespace {

constexpr int first_inherited_descriptor = 3;

Result<void> system_failure(int number, const char* what) {
  return {std::error_code(number, std::generic_category()), what};
}

// epmd outlives us: it gets no descriptor of ours, and the signals that this process waits for or
// ignores are neither blocked nor ignored there.
class SpawnSettings {
 public:
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawnattr_init(&attributes_);
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      ::posix_spawn_file_actions_addopen(&files_, standard, "/dev/null", O_RDWR, 0);
    }
    ::posix_spawn_file_actions_addclosefrom_np(&files_, first_inherited_descriptor);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  [[nodiscard]] const posix_spawn_file_actions_t* files() const { return &files_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<void> launch_epmd() {
  const SpawnSettings settings;
  std::string program = "epmd";
  std::string option = "-daemon";
  const std::array<char*, 3> arguments{program.data(), option.data(), nullptr};
  pid_t child = 0;
  const int failure = ::posix_spawnp(&child, program.c_str(), settings.files(),
                                     settings.attributes(), arguments.data(), environ);
  if (failure != 0) return system_failure(failure, "cannot run `epmd -daemon`");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    // An embedding program that ignores SIGCHLD has its children collected for it.
    if (errno == ECHILD) return {};
    if (errno != EINTR) return system_failure(errno, "cannot wait for `epmd -daemon`");
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return system_failure(ECHILD, "`epmd -daemon` failed");
  }
  return {};
}

}  // namespace groot::io
