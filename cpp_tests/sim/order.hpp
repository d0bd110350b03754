// A process at a stock node writes over what it has read, though the clock of the node of ours that
// wrote that is ahead: what it does is later, and every node reads it in the end.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

// Precondition: the cluster has come to rest. Throws Violation.
void check_order(Cluster& cluster);

}  // namespace groot::sim
