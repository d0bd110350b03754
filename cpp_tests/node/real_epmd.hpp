// A real epmd on a port of its own, found by every node of this process through ERL_EPMD_PORT.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace groot {

class RealEpmd {
 public:
  // Takes a free port and points ERL_EPMD_PORT at it; starts epmd when `start`.
  explicit RealEpmd(bool start = true);
  ~RealEpmd();
  RealEpmd(const RealEpmd&) = delete;
  RealEpmd& operator=(const RealEpmd&) = delete;

  void start();
  void stop();
  // Ends an epmd on this port that a node has started.
  void stop_started();
  // The names registered now; empty when no epmd answers.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::uint16_t port_ = 0;
  pid_t process_ = 0;
};

// True, and the test says so, where the program is not installed.
[[nodiscard]] bool epmd_is_missing();

}  // namespace groot
