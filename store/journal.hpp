// What changed in a replica, in order, for whoever keeps its registers beyond the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "store/register.hpp"

namespace groot::store {

struct JournalEntry {
  enum class What : std::uint8_t {
    stored,     // `reg` is now the register of its key
    dropped,    // there is none any more; `reg` was the last
    set_aside,  // the same; but it may be wanted back
    cleared,    // there is none of any key; `reg` is null
  };
  What what;
  RegisterPtr reg;

  // Of its key and value.
  [[nodiscard]] std::size_t bytes() const {
    return reg ? reg->key().size() + reg->value().size() : 0;
  }
};

class Journal {
 public:
  // Nothing is recorded before. `last`: the number of the last entry of an earlier journal.
  void begin(std::uint64_t last) {
    recording_ = true;
    end_ = last;
  }

  // For one entry more.
  void make_room() {
    if (recording_ && entries_.size() == entries_.capacity()) {
      entries_.reserve(2 * entries_.size() + 1);
    }
  }
  void stored(const Register* reg) { record(JournalEntry::What::stored, reg); }
  void dropped(const Register* reg) { record(JournalEntry::What::dropped, reg); }
  void set_aside(const Register* reg) { record(JournalEntry::What::set_aside, reg); }
  void cleared() { record(JournalEntry::What::cleared, nullptr); }

  // The number of the last entry; those of all lives of a node are counted on.
  [[nodiscard]] std::uint64_t end() const { return end_; }
  // Those since the last call; the last one is number end().
  [[nodiscard]] std::vector<JournalEntry> take() { return std::exchange(entries_, {}); }

 private:
  void record(JournalEntry::What what, const Register* reg) {
    if (!recording_) return;
    entries_.push_back({what, RegisterPtr(reg)});
    ++end_;
  }

  bool recording_ = false;
  std::uint64_t end_ = 0;
  std::vector<JournalEntry> entries_;
};

// A register as it was kept.
struct KeptRegister {
  RegisterView reg;
  std::int64_t arrived_ms = 0;  // of a tombstone: wall time when it came to be here
  std::uint64_t number = 0;     // of a value: that of its journal entry; 0: unknown
};

}  // namespace groot::store
