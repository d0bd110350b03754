// Processor time of this process, all threads: it matters little what else the machine does.
#pragma once

#include <ctime>

namespace groot::bench {

[[nodiscard]] inline double processor_us() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

[[nodiscard]] inline double processor_ms() {
  return processor_us() / 1e3;
}

}  // namespace groot::bench
