// Deadlines of registers, soonest first: when values expire, when tombstones may go.
//
// A binary heap with lazy deletion. An entry belongs to one version of a key: when the slot holds
// another version by then, the entry is void and is skipped. Void entries never outnumber the
// others by more than a constant: the queue drops them all when they do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "store/register_map.hpp"
#include "store/timestamp.hpp"

namespace groot::store {

class ExpiryQueue {
 public:
  struct Entry {
    std::int64_t at_ms = 0;  // wall time
    Slot slot = 0;
    Timestamp stamp;  // of the version that the deadline belongs to
  };
  // Whether the slot still holds the version that the entry was made for.
  using IsCurrent = std::function<bool(const Entry&)>;

  explicit ExpiryQueue(IsCurrent is_current);

  void push(const Entry& entry);
  // Call once for each pushed entry after its version was replaced or erased.
  void voided();
  // The soonest current entry, if its at_ms <= wall_ms. It stays until its version is replaced.
  std::optional<Entry> due(std::int64_t wall_ms);
  // When the soonest current entry is due. Drops void entries on its way.
  std::optional<std::int64_t> next_at_ms();
  // All of them, by as much.
  void postpone(std::int64_t by_ms);
  void clear();
  // Void entries included.
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

 private:
  void drop_void_heads();

  IsCurrent is_current_;
  std::vector<Entry> heap_;
  std::size_t void_count_ = 0;
};

}  // namespace groot::store
