// Whether the network thread, when it has nothing to do, looks for work for a moment before it
// sleeps.
//
// In a conversation the next message comes some ten microseconds after our answer, and to fall
// asleep and be woken takes as long again; a BEAM's schedulers do not sleep at once either (+sbwt).
// So after a few short waits in a row it polls; a long wait ends that, and a node at rest never
// does. On a single processor it would only keep the other side from running.
//
// Not thread-safe.
#pragma once

#include <chrono>

#include "cnode/io/limits.hpp"

namespace groot::io {

class BusyWait {
 public:
  explicit BusyWait(unsigned processors) : useful_(processors > 1) {}

  // Whether the next wait begins with polling.
  [[nodiscard]] bool polls() const { return useful_ && short_waits_ >= busy_after_short_waits; }
  // A wait of so long is over, slept or polled.
  void waited(std::chrono::nanoseconds time) {
    if (time > short_wait_max) {
      short_waits_ = 0;
    } else if (short_waits_ < busy_after_short_waits) {
      ++short_waits_;
    }
  }

 private:
  bool useful_;
  int short_waits_ = 0;
};

}  // namespace groot::io
