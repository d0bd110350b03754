// What changed in a replica, in order, for whoever keeps its registers beyond the process.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "store/register.hpp"

namespace groot::store {

struct JournalEntry {
  enum class What : std::uint8_t {
    stored,   // `reg` is now the register of its key
    dropped,  // there is none any more; `reg` was the last
    cleared,  // there is none of any key; `reg` is null
  };
  What what;
  RegisterPtr reg;
};

class Journal {
 public:
  // Nothing is recorded before.
  void begin() { recording_ = true; }

  void stored(const Register* reg) { record(JournalEntry::What::stored, reg); }
  void dropped(const Register* reg) { record(JournalEntry::What::dropped, reg); }
  void cleared() { record(JournalEntry::What::cleared, nullptr); }

  // How many entries there have ever been: one that is written next gets this number plus one.
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
};

}  // namespace groot::store
