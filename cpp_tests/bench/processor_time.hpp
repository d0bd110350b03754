// Processor time, of this process with all its threads or of this thread: it matters little what
// else the machine does.
#pragma once

#include <ctime>

namespace groot::bench {

[[nodiscard]] inline double processor_us(clockid_t whose = CLOCK_PROCESS_CPUTIME_ID) {
  timespec time{};
  ::clock_gettime(whose, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

[[nodiscard]] inline double thread_us() {
  return processor_us(CLOCK_THREAD_CPUTIME_ID);
}

[[nodiscard]] inline double processor_ms() {
  return processor_us() / 1e3;
}

}  // namespace groot::bench
