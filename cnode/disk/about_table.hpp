// The table of the file that says what it is, and how far it goes: its format, whose memory it is,
// and the marks of the last transaction.
#pragma once

#include <cstdint>
#include <string>

#include "cnode/disk/database.hpp"
#include "cnode/disk/lmdb.hpp"

namespace groot::disk {

struct About {
  bool is_of_this_format = true;  // else of the one before, which lacks numbers and side tables
  std::uint64_t memory_id = 0;    // 0: none yet
  Marks marks;
};

// Errors: foreign, newer_format, damaged. `path` is named in them.
[[nodiscard]] Result<About> read_about(MDB_txn* txn, MDB_dbi table, const std::string& path);

// Both return LMDB's code. The first: that the file is of this format, and whose memory.
[[nodiscard]] int put_format(MDB_txn* txn, MDB_dbi table, std::uint64_t memory_id);
[[nodiscard]] int put_marks(MDB_txn* txn, MDB_dbi table, const Marks& marks);

}  // namespace groot::disk
