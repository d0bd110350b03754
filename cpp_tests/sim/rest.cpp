#include "cpp_tests/sim/rest.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace groot::sim {
namespace {

// Far more than what the slowest repair takes: the rest after a fetch that was given up, and then
// store::correction_retry_ms, twice.
constexpr Ms settle_max = 900'000;

}  // namespace

void run_looking(Cluster& cluster, Ms end) {
  while (cluster.schedule.now() < end) {
    cluster.schedule.run_until(std::min(end, cluster.schedule.now() + look_interval));
    cluster.read_all();
    cluster.check_limits();
  }
}

void come_to_rest(Cluster& cluster) {
  const Ms give_up = cluster.schedule.now() + settle_max;
  Ms since = cluster.schedule.now();
  std::uint64_t sent = cluster.registers_sent();
  std::uint64_t changes = cluster.changes();
  std::string difference;
  while (cluster.schedule.now() - since < rest) {
    if (cluster.schedule.now() >= give_up) {
      throw Violation(difference.empty() ? "no rest: registers are sent for ever"
                                         : "no agreement of " + difference);
    }
    run_looking(cluster, cluster.schedule.now() + look_interval);
    difference = cluster.disagreement();
    const bool silent = cluster.registers_sent() == sent || !cluster.is_silent_at_rest();
    if (difference.empty() && silent && cluster.changes() == changes) {
      continue;
    }
    since = cluster.schedule.now();
    sent = cluster.registers_sent();
    changes = cluster.changes();
  }
}

OurNode* any_of_ours(Cluster& cluster) {
  const std::vector<OurNode*> living = cluster.living_ours();
  return living.empty() ? nullptr : living[cluster.random.index(living.size())];
}

void pass(Cluster& cluster, Ms time) {
  cluster.schedule.skip(time);
  for (Node* node : cluster.nodes()) {
    if (node->is_alive()) node->time_passed();
  }
}

}  // namespace groot::sim
