// Memory that this process has in use, pages that the system gave it and that it has touched.
#pragma once

#include <fstream>
#include <unistd.h>

namespace groot::bench {

inline double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace groot::bench
