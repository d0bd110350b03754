// What the tests of this layer are written with: a directory of their own, a replica that is kept
// in it, and what is found there afterwards.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "cnode/disk/database.hpp"
#include "cnode/disk/load.hpp"
#include "cpp_tests/store/script.hpp"
#include "cpp_tests/support/temporary_folder.hpp"

namespace groot::disk::testing {

using ei_codec::Bytes;
using store::JournalEntry;
using store::Replica;
using store::testing::contents;
using store::testing::Contents;
using store::testing::term;
using store::testing::wall_start_ms;

inline constexpr std::int64_t ttl_ms = store::tombstone_ttl_ms_default;

// Gone with all that is in it at the end of the test.
class TempDir {
 public:
  [[nodiscard]] std::string path() const { return folder_.path(); }
  [[nodiscard]] std::string file(std::string_view name = "data.mdb") const;

 private:
  // In memory where that can be had: nothing here depends on how long a disk takes.
  static std::filesystem::path place();

  TemporaryFolder folder_{place()};
};

[[nodiscard]] std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view bytes);

// Fails the test when the directory cannot be opened.
[[nodiscard]] std::unique_ptr<Database> opened(const std::string& directory,
                                               std::uint64_t bytes_max = 0);
// What opening it, or reading all of it, fails with; no code when it does not.
[[nodiscard]] Error refusal(const std::string& directory);

// What a new replica holds that was loaded from the directory.
[[nodiscard]] Contents contents_of(const std::string& directory,
                                   std::int64_t wall_ms = wall_start_ms);

// A script whose changes are there to be saved.
struct Kept : store::testing::Script {
  explicit Kept(const store::ReplicaOptions& options = {.node_id = 1}) : Script(options) {
    replica.keep_journal();
  }
  [[nodiscard]] Marks marks() const {
    return {replica.clock(), now.wall_ms, replica.journal_end()};
  }
  Result<void> save(Database& database) {
    return database.save(replica.take_journal(), marks(), now.wall_ms);
  }
};

}  // namespace groot::disk::testing
