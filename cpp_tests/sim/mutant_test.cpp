// A fault put into our own code on purpose (mutants.cmake): the simulator must find it.
#include <cstdint>

#include <doctest/doctest.h>

#include "cpp_tests/sim/simulation.hpp"

using namespace groot::sim;

TEST_CASE("the fault is found within 1,000 seeds") {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    const Outcome outcome = simulate(seed);
    if (!outcome.violation) continue;
    MESSAGE("found by seed " << seed << ": " << *outcome.violation);
    return;
  }
  FAIL("1,000 seeds keep every promise");
}
