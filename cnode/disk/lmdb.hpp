// LMDB's handles with owners, and its codes as errors.
#pragma once

#include <lmdb.h>
#include <memory>
#include <optional>
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

// One entry of a table: found, put, or erased where it is there. The last two return LMDB's code.
[[nodiscard]] inline std::optional<ByteView> get(MDB_txn* txn, MDB_dbi table, ByteView key) {
  MDB_val name = to_val(key);
  MDB_val found{};
  if (::mdb_get(txn, table, &name, &found) != 0) return std::nullopt;
  return to_view(found);
}
[[nodiscard]] inline int put(MDB_txn* txn, MDB_dbi table, ByteView key, ByteView value) {
  MDB_val name = to_val(key);
  MDB_val data = to_val(value);
  return ::mdb_put(txn, table, &name, &data, 0);
}
[[nodiscard]] inline int erase(MDB_txn* txn, MDB_dbi table, ByteView key) {
  MDB_val name = to_val(key);
  const int code = ::mdb_del(txn, table, &name, nullptr);
  return code == MDB_NOTFOUND ? 0 : code;
}

// Calls `visit` with the key and the value of each entry of the table; it may not change the table.
// LMDB's code.
template <class Visit>
int for_each_entry(MDB_txn* txn, MDB_dbi table, Visit&& visit) {
  MDB_cursor* opened = nullptr;
  if (const int code = ::mdb_cursor_open(txn, table, &opened); code != 0) return code;
  const Cursor cursor(opened);
  MDB_val key{};
  MDB_val value{};
  int code = ::mdb_cursor_get(opened, &key, &value, MDB_FIRST);
  for (; code == 0; code = ::mdb_cursor_get(opened, &key, &value, MDB_NEXT)) {
    visit(to_view(key), to_view(value));
  }
  return code == MDB_NOTFOUND ? 0 : code;
}

}  // namespace groot::disk
