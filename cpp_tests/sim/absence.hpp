// What a disk is for: everybody ends and starts again; a node returns after tombstones were
// forgotten.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

// Each does nothing where no living node of ours has a disk. Preconditions: no bad weather, nobody
// writes, all agree.

// What was read before is read again, everywhere; also where tombstones were forgotten meanwhile.
void check_restart_of_all(Cluster& cluster);
// What was deleted while a node was away, for longer than tombstones live, stays deleted; what was
// not is there.
void check_long_absence(Cluster& cluster);

}  // namespace groot::sim
