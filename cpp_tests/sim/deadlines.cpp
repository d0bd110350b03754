#include "cpp_tests/sim/deadlines.hpp"

#include <algorithm>
#include <vector>

#include "cnode/process/limits.hpp"
#include "cpp_tests/sim/rest.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

constexpr Ms expires_in = 30'000;
// The way to the others; what their clocks are known to; the way of a question to them and back.
constexpr Ms error = 1'000;
constexpr Ms look_interval = 500;
constexpr Ms jump_min = 86'400'000;

void expect(const Cluster& cluster, const Bytes& key, bool there, const std::string& when) {
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive() || (node->read(key) != nullptr) == there) continue;
    throw Violation(node->name() + (there ? " lacks " : " still reads ") + text_of(key) +
                    ", which " + when);
  }
}

void expect_until(Cluster& cluster, Ms end, const Bytes& key, bool there, const std::string& when) {
  while (cluster.schedule.now() < end) {
    expect(cluster, key, there, when);
    cluster.schedule.run_until(std::min(end, cluster.schedule.now() + look_interval));
  }
}

}  // namespace

void check_deadlines(Cluster& cluster) {
  const std::vector<OurNode*> ours = cluster.living_ours();
  OurNode& writer = *ours[cluster.random.index(ours.size())];
  OurNode& jumper = *ours[cluster.random.index(ours.size())];
  const Ms jump =
      cluster.random.between(jump_min, 2 * jump_min) * (cluster.random.chance(50) ? 1 : -1);
  // By then each has asked all others what time it is.
  cluster.schedule.run_until(cluster.schedule.now() + 2 * process::clock_question_interval_ms);

  const Bytes& key = cluster.keys().front();
  writer.set(key, encode_term(ei_codec::binary("for a while")), expires_in);
  const Ms ends = cluster.schedule.now() + expires_in;
  const Ms jumps = cluster.schedule.now() + expires_in / 3;
  cluster.schedule.run_until(cluster.schedule.now() + error);
  const std::string text =
      "was to live for " + std::to_string(expires_in) + " ms at " + writer.name();
  expect_until(cluster, jumps, key, true, text);
  jumper.set_wall_offset(jumper.wall_offset() + jump);
  if (cluster.trace.is_told()) cluster.trace.tell("the clock of " + jumper.name() + " jumps");
  expect_until(cluster, ends - error, key, true, text);
  cluster.schedule.run_until(ends + error);
  expect_until(cluster, ends + 2 * process::clock_question_interval_ms, key, false, text);
  jumper.set_wall_offset(jumper.wall_offset() - jump);
  come_to_rest(cluster);
}

}  // namespace groot::sim
