// Registers that are not taken in because their stamps are absurd (stamp_time_ms_end in
// limits.hpp): which these are, how many came, and when to say so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "store/effects.hpp"
#include "store/limits.hpp"
#include "store/register.hpp"
#include "store/repeat_limit.hpp"

namespace groot::store {

// A tombstone may stand at the very end: what the last possible value leaves when it expires.
[[nodiscard]] inline bool has_absurd_stamp(const RegisterView& reg) {
  if (reg.stamp.time_ms < stamp_time_ms_end) [[likely]]
    return false;
  return reg.kind == RegisterKind::value || reg.stamp.time_ms > stamp_time_ms_end;
}

class RefusedStamps {
 public:
  // Counts one that `from` sent. What to report of that peer: once an hour, with the count since.
  std::optional<std::string> refused(PeerId from, const Timestamp& stamp,
                                     std::int64_t monotonic_ms);
  // Counts one of the file.
  void refused_kept() { ++total_; }
  // Since the start.
  [[nodiscard]] std::size_t total() const { return total_; }

 private:
  RepeatLimit<PeerId> senders_{reports_remembered_max};
  std::size_t total_ = 0;
};

}  // namespace groot::store
