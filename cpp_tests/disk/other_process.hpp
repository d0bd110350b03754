// Another process in the middle of a transaction.
#pragma once

#include <csignal>
#include <lmdb.h>
#include <string>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <doctest/doctest.h>

namespace groot::disk::testing {

// From its start to its end it reads, as mdb_copy does, or holds the lock of those who write: to a
// committer that is a disk which does not answer.
class OtherProcess {
 public:
  static constexpr unsigned reads = MDB_RDONLY;
  static constexpr unsigned writes = 0;

  OtherProcess(const std::string& directory, unsigned flags) {
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      MDB_env* env = nullptr;
      MDB_txn* txn = nullptr;
      const bool begun = mdb_env_create(&env) == 0 &&
                         mdb_env_open(env, directory.c_str(), flags, 0600) == 0 &&
                         mdb_txn_begin(env, nullptr, flags, &txn) == 0;
      const bool told = begun && write(ready[1], "", 1) == 1;
      while (told) pause();
      _exit(1);
    }
    close(ready[1]);
    char byte = 0;
    REQUIRE(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
  }
  ~OtherProcess() { kill(); }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace groot::disk::testing
