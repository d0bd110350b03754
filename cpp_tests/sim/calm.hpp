// What users see where nothing goes wrong: whoever writes, deletes or lets expire, everybody reads
// the outcome soon. In a storm only what must hold at last can be asked for.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

// Precondition: the cluster has come to rest. `quiet`: no message was late, ever, so that what is
// written is read at nodes of ours as soon as it can be. Throws Violation.
void check_calm(Cluster& cluster, bool quiet);
// delete_all at nodes of ours, where others hold what they held: those give it back.
void check_own_wipe(Cluster& cluster);
}  // namespace groot::sim
