// The registers in the file: LMDB behind what this program needs of it.
//
// Every call of `save` and `replace` is one transaction: after a crash at any moment the file holds
// all of it or nothing, and all that came before. Not thread-safe; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cnode/disk/file_readers.hpp"
#include "ei_codec/result.hpp"
#include "store/journal.hpp"
#include "store/kept_peer.hpp"
#include "store/timestamp.hpp"

namespace groot::disk {

struct DatabaseOptions {
  std::string directory;
  std::uint64_t bytes_max = 0;      // of the file; 0: as large as it gets
  std::uint64_t new_memory_id = 1;  // of a new file; random
};

// What goes into the file beside the registers.
struct Marks {
  store::Timestamp clock;     // no stamp of the clock is above it; its node id is not kept
  std::int64_t alive_ms = 0;  // wall time when the node was there
  std::uint64_t number = 0;   // of the last journal entry in the file
};

class Database {
 public:
  // Errors: all of disk_errc but not_saved. A file that is not whole is refused as it is.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Of the last transaction; zeros in a new file.
  [[nodiscard]] const Marks& marks() const;
  [[nodiscard]] std::size_t size() const;
  // Calls `visit` for each register, in no order; what it is given is valid during the call. Error:
  // damaged.
  Result<void> load(const std::function<void(const store::KeptRegister&)>& visit) const;

  // See FileReaders::look. Nobody reads a file that a failed commit has closed.
  [[nodiscard]] FileReaders::Look look_at_readers(std::int64_t now_ms);

  // Tells what is remembered in this file from what any other node, or an earlier file, remembers.
  [[nodiscard]] std::uint64_t memory_id() const;
  [[nodiscard]] std::vector<store::KeptPeer> peers() const;
  // What was set aside and is not written again, as KeptRegisters without an arrival.
  void for_each_set_aside(const std::function<void(const store::KeptRegister&)>& visit) const;

  // `marks.number` is that of the last of the changes. Of the peers those that have changed.
  // `now_ms`: wall time, from which tombstones live. Errors: full, or the system's (no space left,
  // an I/O error); the file is as it was then. And gone, when the file that was written is not, or
  // no longer, the one in the directory. The call after an error makes the directory anew where
  // there is none, or nothing in it; where there is something else, it is refused as by `open`.
  Result<void> save(std::span<const store::JournalEntry> changes, const Marks& marks,
                    std::int64_t now_ms, std::span<const store::KeptPeer> peers = {});
  // Makes the file hold exactly these registers, each key once; writes no more than differs.
  // `aside`: what was set aside meanwhile.
  Result<void> replace(std::span<const store::RegisterPtr> registers, const Marks& marks,
                       std::int64_t now_ms, std::span<const store::KeptPeer> peers = {},
                       std::span<const store::JournalEntry> aside = {});

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace groot::disk
