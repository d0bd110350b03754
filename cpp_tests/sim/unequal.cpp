#include "cpp_tests/sim/unequal.hpp"

#include <vector>

#include "cnode/process/limits.hpp"
#include "cpp_tests/sim/rest.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

constexpr Ms quarter = store::tombstone_ttl_ms_default / 4;
// Until the ends of the links have noticed that they are gone.
constexpr Ms noticed = 1'000;

std::vector<OurNode*> living_twins(const Cluster& cluster) {
  std::vector<OurNode*> twins;
  for (const auto& node : cluster.ours()) {
    if (node->is_alive() && node->has_shared_id()) twins.push_back(node.get());
  }
  return twins;
}

}  // namespace

void check_lifetimes(Cluster& cluster) {
  OurNode* const node = any_of_ours(cluster);
  for (const Bytes& key : cluster.keys()) node->erase(key);
  come_to_rest(cluster);
  for (int i = 0; i < 4; ++i) {
    pass(cluster, quarter);
    run_looking(cluster, cluster.schedule.now() + rest);
    come_to_rest(cluster);
  }
}

void check_twins(Cluster& cluster) {
  const auto twins = living_twins(cluster);
  if (twins.size() < 2) return;
  OurNode& one = *twins[0];
  OurNode& other = *twins[1];
  one.set_wall_offset(other.wall_offset());
  // Nobody else is to bring them what the other wrote.
  const auto with_others = [&](auto act) {
    for (Node* node : cluster.nodes()) {
      if (node == &one || node == &other) continue;
      (cluster.network.*act)(one, *node);
      (cluster.network.*act)(other, *node);
    }
  };
  with_others(&Network::bar);
  cluster.network.bar(one, other);
  // Both clocks are where wall time is, and no stamp is ahead of it.
  pass(cluster, quarter);
  run_looking(cluster, cluster.schedule.now() + noticed);
  const Bytes& key = cluster.gap_key(one);
  one.set(key, encode_term(ei_codec::binary("of one")), std::nullopt);
  other.set(key, encode_term(ei_codec::binary("of the other")), std::nullopt);
  run_looking(cluster, cluster.schedule.now() + noticed);
  cluster.network.allow(one, other);
  run_looking(cluster, cluster.schedule.now() + 2 * process::exchange_interval_max_ms);
  const store::RegisterPtr first = one.read(key);
  const store::RegisterPtr second = other.read(key);
  if (!first || !second || !ei_codec::same_bytes(first->value(), second->value())) {
    throw Violation(one.name() + " and " + other.name() + " read two values of one stamp");
  }
  with_others(&Network::allow);
  come_to_rest(cluster);
}

}  // namespace groot::sim
