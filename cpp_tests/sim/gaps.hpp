// Links that are missing while all else is well: nodes of ours that can have none, beside one that
// is slow, and two stock nodes whose link is cut without either noticing. What is written at one of
// the two is read all the same, in the time that is promised.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

// Precondition: the cluster has come to rest. Throws Violation.
void check_gaps(Cluster& cluster);

}  // namespace groot::sim
