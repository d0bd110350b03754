// One run: a cluster made up from a seed, bad weather and load, then calm until it has come to
// rest; everything checked on the way and at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cpp_tests/sim/schedule.hpp"

namespace groot::sim {

struct Outcome {
  std::uint64_t hash = 0;  // of all that happened: equal for equal seeds
  Ms simulated_ms = 0;
  std::uint64_t messages = 0;
  std::optional<std::string> violation;
  std::vector<std::string> trace;  // the last lines, of a run that is told
};

// `told`: keep a trace. It changes nothing else.
[[nodiscard]] Outcome simulate(std::uint64_t seed, bool told = false);

// What to print of a seed that fails: it is run once more, told.
[[nodiscard]] std::string describe_failure(std::uint64_t seed);

}  // namespace groot::sim
