// A fault put into our own code on purpose (mutants.cmake): the simulator must find it.
#include <cstdint>
#include <cstdlib>

#include <doctest/doctest.h>

#include "cpp_tests/sim/simulation.hpp"

using namespace groot::sim;

namespace {

constexpr std::uint64_t seeds = 1'000;

// All of them are tried, but this one first: it found the fault before, and the search is short.
std::uint64_t first_seed() {
  const char* const given = std::getenv("GROOT_FIRST_SEED");
  return given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
}

}  // namespace

TEST_CASE("the fault is found within 1,000 seeds") {
  for (std::uint64_t i = 0; i < seeds; ++i) {
    const std::uint64_t seed = first_seed() + i;
    const Outcome outcome = simulate(seed);
    if (!outcome.violation) continue;
    MESSAGE("found by seed " << seed << ": " << *outcome.violation);
    return;
  }
  FAIL("1,000 seeds keep every promise");
}
