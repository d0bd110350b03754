// The earliest of many deadlines. Where it is kept, none of them is looked at to tell it: a bound
// that is too early after one of them has been put off or dropped. Whoever is woken then finds
// nothing due, and says anew when to be woken.
#pragma once

#include <cstdint>
#include <optional>

namespace groot::dist {

class Earliest {
 public:
  void add(std::optional<std::int64_t> deadline_ms) {
    if (deadline_ms && (!ms_ || *deadline_ms < *ms_)) ms_ = deadline_ms;
  }
  // Before all are added anew.
  void clear() { ms_.reset(); }
  [[nodiscard]] std::optional<std::int64_t> ms() const { return ms_; }
  // False: none of them is due.
  [[nodiscard]] bool is_due(std::int64_t now_ms) const { return ms_ && *ms_ <= now_ms; }

 private:
  std::optional<std::int64_t> ms_;
};

}  // namespace groot::dist
