// Who else reads the data file. A reader keeps the room that is freed while it reads from being
// used again, and one that died without a word does so for ever: the file grows with each commit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

struct MDB_env;

namespace groot::disk {

// Another process (mdb_copy, say) that is in the middle of the same reading as long ago.
struct SlowReader {
  std::int64_t pid = 0;
  std::int64_t since_ms = 0;  // monotonic; when it was first seen at it
  friend bool operator==(const SlowReader&, const SlowReader&) = default;
};

class FileReaders {
 public:
  // Frees what readers hold whose process has ended, and returns how many they were.
  static std::size_t clear_dead(MDB_env* env);

  // The same, and looks who reads. Returns those that were reading the same at the last look, too.
  struct Look {
    std::size_t dead = 0;
    std::vector<SlowReader> slow;
  };
  [[nodiscard]] Look look(MDB_env* env, std::int64_t now_ms);

 private:
  using Reading = std::pair<std::int64_t, std::uint64_t>;  // pid, and the transaction it reads

  std::map<Reading, std::int64_t> seen_;  // since when
};

}  // namespace groot::disk
