// LMDB's handles with owners, and its codes as errors.
#pragma once

#include <lmdb.h>
#include <memory>
#include <string>
#include <utility>

#include "cnode/disk/disk_error.hpp"
#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"

namespace groot::disk {

using ei_codec::Bytes;
using ei_codec::ByteView;

// An error of LMDB or of the system; what was being done is told with it.
[[nodiscard]] inline Error lmdb_error(int code, const std::string& what) {
  switch (code) {
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
    case MDB_BAD_VALSIZE:
      return {disk_errc::damaged, what + ": " + ::mdb_strerror(code)};
    default:
      return {disk_errc::unusable, what + ": " + ::mdb_strerror(code)};
  }
}

[[nodiscard]] inline MDB_val to_val(ByteView bytes) {
  // LMDB reads what a key or a value to be put points to, whatever the type says.
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}
[[nodiscard]] inline ByteView to_view(const MDB_val& val) {
  return {static_cast<const std::uint8_t*>(val.mv_data), val.mv_size};
}

// Aborted unless committed.
class Transaction {
 public:
  Transaction() = default;
  ~Transaction() { abort(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  [[nodiscard]] int begin(MDB_env* env, unsigned flags = 0) {
    abort();
    return ::mdb_txn_begin(env, nullptr, flags, &txn_);
  }
  [[nodiscard]] int commit() { return ::mdb_txn_commit(std::exchange(txn_, nullptr)); }
  void abort() {
    if (txn_ != nullptr) ::mdb_txn_abort(std::exchange(txn_, nullptr));
  }
  [[nodiscard]] MDB_txn* get() const { return txn_; }

 private:
  MDB_txn* txn_ = nullptr;
};

struct CloseEnvironment {
  void operator()(MDB_env* env) const { ::mdb_env_close(env); }
};
using Environment = std::unique_ptr<MDB_env, CloseEnvironment>;

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const { ::mdb_cursor_close(cursor); }
};
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;

}  // namespace groot::disk
