// What is written at the very moment at which tombstones end.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

// Processes that delete a key and set it again one lifetime of tombstones later: the set survives.
// Precondition: the cluster has come to rest. Throws Violation.
void check_tombstone_end(Cluster& cluster);

}  // namespace groot::sim
