// How time passes between what is checked.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

inline constexpr Ms look_interval = 1'000;
// Longer than the longest interval of stock's full states: each node has shown what it holds.
inline constexpr Ms rest = 25'000;
// A day and more: every deadline is over, then every tombstone.
inline constexpr Ms long_after = store::tombstone_ttl_ms_default + 3'600'000;

// Until `end`; what is read on the way is checked.
void run_looking(Cluster& cluster, Ms end);
// Until all agree, and nobody of ours has had anything to say for a while.
void come_to_rest(Cluster& cluster);
// A living one; null where there is none.
[[nodiscard]] OurNode* any_of_ours(Cluster& cluster);
// So much time passes for all, and nothing happens meanwhile.
void pass(Cluster& cluster, Ms time);

}  // namespace groot::sim
