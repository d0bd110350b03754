#include "cpp_tests/sim/simulation.hpp"

#include <algorithm>

#include "cpp_tests/sim/calm.hpp"
#include "cpp_tests/sim/load.hpp"
#include "cpp_tests/sim/weather.hpp"

namespace groot::sim {
namespace {

constexpr Ms storm_min = 5'000;
constexpr Ms storm_max = 60'000;
constexpr Ms look_interval = 1'000;
// Longer than the longest interval of stock's full states: each node has shown what it holds.
constexpr Ms rest = 25'000;
// Far more than what the slowest repair takes: the rest after a fetch that was given up, and then
// store::correction_retry_ms, twice.
constexpr Ms settle_max = 900'000;
// A day and more: every deadline is over, then every tombstone.
constexpr Ms long_after = store::tombstone_ttl_ms_default + 3'600'000;
constexpr Ms forget_max = 60'000;

void run_looking(Cluster& cluster, Ms end) {
  while (cluster.schedule.now() < end) {
    cluster.schedule.run_until(std::min(end, cluster.schedule.now() + look_interval));
    cluster.read_all();
    cluster.check_limits();
  }
}

// Until all agree, and nobody of ours has had anything to say for a while.
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
    if (difference.empty() && cluster.registers_sent() == sent && cluster.changes() == changes) {
      continue;
    }
    since = cluster.schedule.now();
    sent = cluster.registers_sent();
    changes = cluster.changes();
  }
  cluster.check_nothing_lost();
}

std::size_t tombstones(const store::Replica& replica) {
  std::size_t count = 0;
  replica.for_each([&](const store::RegisterPtr& reg) { count += reg->is_tombstone() ? 1U : 0U; });
  return count;
}

// Tombstones go when their time is over, and what they deleted stays away.
void outlive_tombstones(Cluster& cluster) {
  for (int day = 0; day < 2; ++day) {
    for (Node* node : cluster.nodes()) node->set_wall_offset(node->wall_offset() + long_after);
    run_looking(cluster, cluster.schedule.now() + rest);
  }
  const Ms give_up = cluster.schedule.now() + forget_max;
  while (!cluster.disagreement().empty() && cluster.schedule.now() < give_up) {
    run_looking(cluster, cluster.schedule.now() + look_interval);
  }
  if (const auto difference = cluster.disagreement(); !difference.empty()) {
    throw Violation("no agreement after the tombstones of " + difference);
  }
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive()) continue;
    if (const auto left = tombstones(node->replica()); left > 0) {
      throw Violation(node->name() + " still holds " + std::to_string(left) + " tombstones");
    }
  }
}

void run(Cluster& cluster) {
  Weather weather(cluster);
  Load load(cluster);
  const Ms end = cluster.random.between(storm_min, storm_max);
  const bool long_run = cluster.random.chance(20);
  weather.begin(end);
  load.begin(end);
  run_looking(cluster, end);
  cluster.trace.tell("it clears up");
  weather.clear_up();
  come_to_rest(cluster);
  check_calm(cluster);
  if (long_run) outlive_tombstones(cluster);
}

}  // namespace

Outcome simulate(std::uint64_t seed, bool told) {
  Cluster cluster(seed, told);
  Outcome outcome;
  try {
    run(cluster);
  } catch (const Violation& violation) {
    outcome.violation = violation.what();
    cluster.trace.tell(violation.what());
  }
  outcome.hash = cluster.trace.hash();
  outcome.simulated_ms = cluster.schedule.now();
  outcome.messages = cluster.network.delivered();
  outcome.trace.assign(cluster.trace.lines().begin(), cluster.trace.lines().end());
  return outcome;
}

std::string describe_failure(std::uint64_t seed) {
  const Outcome outcome = simulate(seed, true);
  std::string text = "seed " + std::to_string(seed) + ": " +
                     outcome.violation.value_or("keeps every promise") + "\n";
  for (const std::string& line : outcome.trace) text += "  " + line + "\n";
  text += "Again: scripts/simulate --seed " + std::to_string(seed) + "\n";
  return text;
}

}  // namespace groot::sim
