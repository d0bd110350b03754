// Whole clusters in one thread, a seed each.
#include <cstdint>

#include <doctest/doctest.h>

#include "cpp_tests/sim/simulation.hpp"

using namespace groot::sim;

TEST_CASE("a seed is a run, byte for byte") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Outcome once = simulate(seed);
    const Outcome again = simulate(seed, true);
    CHECK(once.hash == again.hash);
    CHECK(once.simulated_ms == again.simulated_ms);
    CHECK(once.messages == again.messages);
    CHECK(once.hash != simulate(seed + 100).hash);
  }
}

TEST_CASE("every seed keeps every promise") {
  for (std::uint64_t seed = 1; seed <= GROOT_SEEDS; ++seed) {
    if (simulate(seed).violation) FAIL(describe_failure(seed));
  }
}
