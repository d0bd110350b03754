// What the file holds beside the registers: the peers that are kept (store/kept_peer.hpp), and the
// registers that were set aside, because a peer proved them to be deleted while this node was away.
//
//   peers      key: the name                     linked_ms:64 level:64 memory
//   set aside  key: of the register in the file  at_ms:64 record (record.hpp)
//
// All is done in a transaction of the caller's. What returns an int returns LMDB's code.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "cnode/disk/lmdb.hpp"
#include "store/journal.hpp"
#include "store/kept_peer.hpp"

namespace groot::disk {

class SideTables {
 public:
  // `flags`: 0, or MDB_CREATE. A file of the format before has none of them: they are as good as
  // empty, and nothing may be written there.
  [[nodiscard]] int open(MDB_txn* txn, unsigned flags);

  // Puts each, or erases those that are forgotten. Names over plain_key_bytes_max are left out.
  [[nodiscard]] int put_peers(MDB_txn* txn, std::span<const store::KeptPeer> peers) const;
  [[nodiscard]] std::vector<store::KeptPeer> peers(MDB_txn* txn) const;

  [[nodiscard]] int set_aside(MDB_txn* txn, const store::Register& reg, std::int64_t now_ms);
  // The key is written again: what was set aside of it is not wanted any more.
  [[nodiscard]] int written(MDB_txn* txn, ByteView file_key);
  // Those that were set aside more than set_aside_max ago.
  [[nodiscard]] int forget_old(MDB_txn* txn, std::int64_t now_ms);
  // What cannot be read is passed over.
  void for_each_set_aside(MDB_txn* txn,
                          const std::function<void(const store::KeptRegister&)>& visit) const;

 private:
  MDB_dbi peers_ = 0;
  MDB_dbi set_aside_ = 0;
  bool is_open_ = false;
  bool any_set_aside_ = false;
};

}  // namespace groot::disk
