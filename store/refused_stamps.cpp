#include "store/refused_stamps.hpp"

namespace groot::store {

std::optional<std::string> RefusedStamps::refused(PeerId from, const Timestamp& stamp,
                                                  std::int64_t monotonic_ms) {
  ++total_;
  const auto left_out = senders_.tell(from, monotonic_ms, stamp_report_interval_ms);
  if (!left_out) return std::nullopt;
  const std::uint64_t count = 1 + *left_out;
  return "sent " + std::to_string(count) + (count == 1 ? " register" : " registers") +
         " stamped after the year 2200, refused: " + to_text(stamp);
}

}  // namespace groot::store
