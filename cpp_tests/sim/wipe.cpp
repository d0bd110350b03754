#include "cpp_tests/sim/wipe.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

#include "cpp_tests/sim/rest.hpp"

namespace groot::sim {
namespace {

// Until a call has reached all nodes.
constexpr Ms call_max = 20;

}  // namespace

void check_wipe(Cluster& cluster) {
  // With one that is not wiped what it holds comes back.
  const bool all_run = std::ranges::all_of(
      cluster.stock(), [](const auto& node) { return !node->is_alive() || node->runs_groot(); });
  if (!all_run || cluster.stock().empty()) return;
  // Each stock node shows all that it holds, to every node of ours.
  run_looking(cluster, cluster.schedule.now() + rest);
  std::map<Bytes, std::uint64_t> undone;
  for (const auto& node : cluster.stock()) {
    for (const auto& [key, reg] : node->storage().registers()) {
      undone.emplace(key, cluster.promises.deletes_undone(key));
    }
  }
  // GenServer.multi_call([node() | Node.list()], ...).
  for (const auto& node : cluster.stock()) {
    cluster.schedule.after(cluster.random.between(0, call_max), [&node] {
      if (node->runs_groot()) node->wipe();
    });
  }
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive() || !node->is_visible()) continue;
    cluster.schedule.after(cluster.random.between(0, call_max), [&] { cluster.wipe(*node); });
  }
  // Nodes of ours whose link is new compare what they hold: one that was called must not be filled
  // again by one that was not.
  for (const auto& node : cluster.ours()) {
    if (node.get() != cluster.ours().front().get()) {
      cluster.network.lose(*cluster.ours().front(), *node);
    }
  }
  run_looking(cluster, cluster.schedule.now() + call_max);
  come_to_rest(cluster);
  for (const auto& [key, before] : undone) {
    // A full state among stock nodes that crosses the call brings it back.
    if (cluster.promises.deletes_undone(key) != before) continue;
    for (const auto& node : cluster.ours()) {
      if (!node->is_alive()) continue;
      if (const store::RegisterPtr reg = node->read(key)) {
        throw Violation(node->name() +
                        " reads what delete_all at the stock nodes took: " + text_of(*reg));
      }
    }
  }
}

}  // namespace groot::sim
