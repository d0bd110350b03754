// A node of ours that starts with a clock that is wrong by years.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

// Precondition: the cluster is at rest. It is afterwards. Nothing that the others hold ends by it,
// and what is written there, then and when the clock is right again, is read everywhere.
void check_years(Cluster& cluster);

}  // namespace groot::sim
