// Nodes of ours that are not alike: what follows from that at rest.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

// Precondition of each: the cluster is at rest. It is afterwards.

// Of deletes that some still remember and others no longer, nothing is sent for ever.
void check_lifetimes(Cluster& cluster);
// Two with one id write a key at the same moment, while one of them is alone.
void check_twins(Cluster& cluster);

}  // namespace groot::sim
