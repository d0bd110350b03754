#include "cpp_tests/sim/simulation.hpp"

#include <algorithm>

#include "cnode/process/limits.hpp"
#include "cpp_tests/sim/absence.hpp"
#include "cpp_tests/sim/calm.hpp"
#include "cpp_tests/sim/deadlines.hpp"
#include "cpp_tests/sim/gaps.hpp"
#include "cpp_tests/sim/load.hpp"
#include "cpp_tests/sim/order.hpp"
#include "cpp_tests/sim/rest.hpp"
#include "cpp_tests/sim/tombstone_end.hpp"
#include "cpp_tests/sim/unequal.hpp"
#include "cpp_tests/sim/weather.hpp"
#include "cpp_tests/sim/wipe.hpp"
#include "cpp_tests/sim/workers.hpp"
#include "cpp_tests/sim/years.hpp"

namespace groot::sim {
namespace {

constexpr Ms storm_min = 5'000;
constexpr Ms storm_max = 60'000;
constexpr Ms forget_max = 60'000;
// A fetch over a slow link is followed by a rest of nine times as long as it took.
constexpr Ms slow_fetch_over = process::fetch_rest_factor * process::fetch_timeout_ms + rest;

std::size_t tombstones(const store::Replica& replica) {
  std::size_t count = 0;
  replica.for_each([&](const store::RegisterPtr& reg) { count += reg->is_tombstone() ? 1U : 0U; });
  return count;
}

// Tombstones go when their time is over, and what they deleted stays away.
void outlive_tombstones(Cluster& cluster) {
  for (int day = 0; day < 2; ++day) {
    pass(cluster, long_after);
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
  Workers workers(cluster);
  // It takes what the workers did last.
  Load load(cluster, !workers.any());
  const Ms end = cluster.random.between(storm_min, storm_max);
  const bool long_run = cluster.random.chance(20);
  const bool all_restart = cluster.random.chance(25);
  const bool one_is_away = cluster.random.chance(25);
  const bool own_wipe = cluster.random.chance(10);
  const bool gaps = cluster.random.chance(25);
  const bool deadlines = cluster.random.chance(30);
  const bool order = cluster.random.chance(40);
  const bool wipe = cluster.random.chance(15);
  const bool tombstone_end = cluster.random.chance(20);
  const bool years = cluster.random.chance(20);
  weather.begin(end);
  load.begin(end);
  workers.begin(end);
  run_looking(cluster, end);
  cluster.trace.tell("it clears up");
  weather.clear_up();
  come_to_rest(cluster);
  cluster.check_nothing_lost();
  workers.check(weather);
  cluster.promises.work.end();
  check_calm(cluster, weather.is_prompt());
  if (gaps) check_gaps(cluster);
  // Each stock node is to be looked at within the time of a rest again.
  if ((order || wipe) && !weather.is_prompt()) {
    run_looking(cluster, cluster.schedule.now() + slow_fetch_over);
  }
  if (order) check_order(cluster);
  if (wipe) check_wipe(cluster);
  if (own_wipe) check_own_wipe(cluster);
  if (deadlines) check_deadlines(cluster);
  if (years) check_years(cluster);
  if (all_restart) check_restart_of_all(cluster);
  if (one_is_away) check_long_absence(cluster);
  // What was stamped years ahead begins anew when its tombstone ends, with lesser stamps.
  if (tombstone_end && !years) check_tombstone_end(cluster);
  if (cluster.is_unequal()) {
    check_lifetimes(cluster);
    check_twins(cluster);
  }
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
