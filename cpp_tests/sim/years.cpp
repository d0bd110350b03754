#include "cpp_tests/sim/years.hpp"

#include <string>
#include <vector>

#include "cpp_tests/sim/rest.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

constexpr Ms year = 365LL * 86'400'000;
constexpr std::int64_t years_max = 5;
constexpr Ms expires_in = 2 * 3'600'000;
// Until the links have been noticed to be gone.
constexpr Ms noticed = 1'000;

void expect(const Cluster& cluster, const Bytes& key, const Bytes& value, const std::string& when) {
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive()) continue;
    const store::RegisterPtr reg = node->read(key);
    if (reg && ei_codec::same_bytes(reg->value(), value)) continue;
    throw Violation(node->name() + " reads " + (reg ? text_of(*reg) : "nothing") + " of " +
                    text_of(key) + when);
  }
}

void restart(Cluster& cluster, OurNode& node, Ms wall_offset) {
  cluster.crash(node);
  node.set_wall_offset(wall_offset);
  if (cluster.trace.is_told()) {
    cluster.trace.tell("the clock of " + node.name() + " is " + std::to_string(wall_offset) +
                       " ms off");
  }
  run_looking(cluster, cluster.schedule.now() + noticed);
  cluster.start(node);
  come_to_rest(cluster);
}

}  // namespace

void check_years(Cluster& cluster) {
  const std::vector<OurNode*> living = cluster.living_ours();
  // Of two clocks nobody can say which is right.
  if (living.size() < 3) return;
  OurNode& wrong = *living[0];
  OurNode& right = *living[1];
  const Ms offset = wrong.wall_offset();
  const Ms off = cluster.random.between(1, years_max) * year * (cluster.random.chance(50) ? 1 : -1);
  const Bytes brief = encode_term(ei_codec::binary("brief"));
  const Bytes& brief_key = cluster.own_key(right);
  right.set(brief_key, brief, expires_in);
  come_to_rest(cluster);
  restart(cluster, wrong, offset + off);
  expect(cluster, brief_key, brief, ", set for two hours, beside a clock that is wrong by years");
  const Bytes& key = cluster.own_key(wrong);
  const Bytes first = encode_term(ei_codec::binary("by a wrong clock"));
  wrong.set(key, first, std::nullopt);
  come_to_rest(cluster);
  expect(cluster, key, first, ", written by a clock that is wrong by years");
  restart(cluster, wrong, offset);
  expect(cluster, key, first, ", written before by a clock that was wrong by years");
  const Bytes then = encode_term(ei_codec::binary("by the right one"));
  wrong.set(key, then, std::nullopt);
  come_to_rest(cluster);
  expect(cluster, key, then, ", written after a clock was set right");
  expect(cluster, brief_key, brief, ", set for two hours, after a clock was wrong by years");
}

}  // namespace groot::sim
