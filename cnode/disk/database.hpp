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

#include "ei_codec/result.hpp"
#include "store/journal.hpp"
#include "store/timestamp.hpp"

namespace groot::disk {

struct DatabaseOptions {
  std::string directory;
  std::uint64_t bytes_max = 0;  // of the file; 0: as large as it gets
};

// What goes into the file beside the registers.
struct Marks {
  store::Timestamp clock;     // no stamp of the clock is above it; its node id is not kept
  std::int64_t alive_ms = 0;  // wall time when the node was there
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

  // `now_ms`: wall time, from which tombstones live. Errors: full, or the system's (no space left,
  // an I/O error); the file is as it was then.
  Result<void> save(std::span<const store::JournalEntry> changes, const Marks& marks,
                    std::int64_t now_ms);
  // Makes the file hold exactly these registers, each key once; writes no more than differs.
  Result<void> replace(std::span<const store::RegisterPtr> registers, const Marks& marks,
                       std::int64_t now_ms);

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace groot::disk
