// What users see where nothing goes wrong: whoever writes, deletes or lets expire, everybody reads
// the outcome soon. In a storm only what must hold at last can be asked for.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

// Precondition: the cluster has come to rest. Throws Violation.
void check_calm(Cluster& cluster);

}  // namespace groot::sim
