// What happened in a run: a hash over all of it, and, of a run that is told, the last lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "cpp_tests/sim/schedule.hpp"
#include "ei_codec/bytes.hpp"

namespace groot::sim {

// Of a failing run: enough to see what led to it, short enough to read.
inline constexpr std::size_t trace_lines_max = 60;

class Trace {
 public:
  // `told`: lines are kept. The hash does not depend on it.
  Trace(const Schedule& schedule, bool told) : schedule_(schedule), told_(told) {}

  [[nodiscard]] bool is_told() const { return told_; }
  void note(std::uint64_t number);
  void note(ei_codec::ByteView bytes);
  // "   12.345 s  TEXT". Costs the caller the text: ask is_told() first where that is much.
  void tell(std::string_view text);

  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] const std::deque<std::string>& lines() const { return lines_; }

 private:
  const Schedule& schedule_;
  bool told_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::deque<std::string> lines_;
};

}  // namespace groot::sim
