// What single processes do, one act after the other, each to a key of its own: sets and deletes. A
// node of ours may miss some of them, and never turns two around.
//
// What a stock node makes of a delete that reaches it late, when it has the next set already, is
// its own doing: then nothing more is asked of that key.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cpp_tests/sim/node.hpp"
#include "store/register.hpp"

namespace groot::sim {

// How far a node of ours has come with each key: the number of the last act that it knows.
using ActsKnown = std::map<Bytes, std::size_t>;

class Work {
 public:
  // `value` is new, or empty for a delete.
  void did(const Bytes& key, const Bytes& value);
  // Empty after a delete.
  [[nodiscard]] const Bytes& last_of(const Bytes& key) const;

  // A node of ours made this its version of the key.
  void changed(ActsKnown& known, const std::string& node, const store::Register& reg) const;
  // A stock node was told to delete the key while it held this.
  void forgotten_by_stock(const Bytes& key, const Bytes& held);
  [[nodiscard]] bool is_spoilt(const Bytes& key) const { return spoilt_.contains(key); }
  // Others may do what they like with these keys from now on.
  void end() { acts_.clear(); }

 private:
  using Acts = std::vector<Bytes>;  // the values that were set, empty ones for deletes

  // Counted from 1; 0: none.
  [[nodiscard]] static std::size_t number_of(const Acts& acts, ByteView value);
  [[nodiscard]] static bool is_deleted_after(const Acts& acts, std::size_t number);

  std::map<Bytes, Acts> acts_;
  std::set<Bytes> spoilt_;
};

}  // namespace groot::sim
