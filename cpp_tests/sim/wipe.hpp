// delete_all at the stock nodes: an order, also where a node of ours was not called.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

// What the stock nodes held stays away, on every node. Precondition: the cluster has come to rest.
// Throws Violation.
void check_wipe(Cluster& cluster);

}  // namespace groot::sim
