// Simulated time: what is to happen, in the order of its time and then of its scheduling.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace groot::sim {

// Since the simulation began; also every node's monotonic clock.
using Ms = std::int64_t;

class Schedule {
 public:
  using Action = std::function<void()>;

  [[nodiscard]] Ms now() const { return now_; }
  // At `when`, or now where that is past.
  void at(Ms when, Action action);
  void after(Ms delay, Action action) { at(now_ + delay, std::move(action)); }

  // So much time passes in which nothing happens: all that is to happen does so that much later.
  void skip(Ms time);
  // Everything up to and at `end`, which is then the time.
  void run_until(Ms end);

 private:
  struct Entry {
    Ms at;
    std::uint64_t number;
    Action action;
  };
  static bool is_later(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at > b.at : a.number > b.number;
  }

  Ms now_ = 0;
  std::uint64_t numbers_ = 0;
  std::vector<Entry> heap_;
};

}  // namespace groot::sim
