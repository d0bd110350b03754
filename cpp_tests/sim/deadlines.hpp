// How exactly a deadline is kept where clocks are wrong, and one of them jumps by days.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

// A value is readable on every node of ours for as long as its writer said, and no longer; though
// meanwhile the clock of one of them jumps. Preconditions: no bad weather, nobody writes, all
// agree.
void check_deadlines(Cluster& cluster);

}  // namespace groot::sim
