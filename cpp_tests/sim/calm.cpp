#include "cpp_tests/sim/calm.hpp"

#include <algorithm>

#include "cnode/process/limits.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

// What is written at a node of ours is pushed.
constexpr Ms pushed = 2'000;
// What is written at stock is fetched by a hidden node of ours, a moment later; but a fetch that
// took T, because a node was paused or a link slow, is followed by a rest of nine times T.
constexpr Ms fetched = process::fetch_rest_factor * process::fetch_timeout_ms + 60'000;
constexpr Ms look_interval = 50;
constexpr Ms expires_in = 1'000;

// `value` is nothing for a delete.
std::string unread(const Cluster& cluster, const Bytes& key, const std::optional<Bytes>& value) {
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive()) continue;
    const store::RegisterPtr reg = node->read(key);
    const bool same = reg ? value && ei_codec::same_bytes(*value, reg->value()) : !value;
    if (!same) return node->name() + " reads " + (reg ? text_of(*reg) : "nothing");
  }
  return cluster.disagreement();
}

void await(Cluster& cluster, const std::string& what, const Bytes& key,
           const std::optional<Bytes>& value, Ms within) {
  const Ms end = cluster.schedule.now() + within;
  std::string difference = unread(cluster, key, value);
  while (!difference.empty()) {
    if (cluster.schedule.now() >= end) {
      throw Violation(what + " of " + text_of(key) + " is not seen everywhere: " + difference);
    }
    cluster.schedule.run_until(cluster.schedule.now() + look_interval);
    difference = unread(cluster, key, value);
  }
}

void check_ours(Cluster& cluster, OurNode& node, const Bytes& key, const Bytes& value) {
  node.set(key, value, std::nullopt);
  await(cluster, "the write at " + node.name(), key, value, pushed);
  node.erase(key);
  await(cluster, "the delete at " + node.name(), key, std::nullopt, pushed);
  node.set(key, value, expires_in);
  cluster.schedule.run_until(cluster.schedule.now() + expires_in);
  await(cluster, "the expiry at " + node.name(), key, std::nullopt, pushed);
}

// A delete of stock kills the storage process of every 0.1.x that it reaches, which is then given
// back what it had, and whose next full state may bring the key back.
bool deletes_are_safe(const Cluster& cluster) {
  return std::ranges::all_of(
      cluster.stock(), [](const auto& node) { return !node->is_alive() || node->has_delete(); });
}

// A key that nobody holds: over a held one a slow clock could not write.
void check_stock(Cluster& cluster, StockNode& node, const Bytes& key, const Bytes& value) {
  node.set(key, value);
  // The clock of 0.1.x may refuse, which costs the node its data and the user the write.
  if (!node.read(key)) return;
  await(cluster, "the write at " + node.name(), key, value, fetched);
  if (!deletes_are_safe(cluster)) return;
  node.erase(key);
  await(cluster, "the delete at " + node.name(), key, std::nullopt, fetched);
}

}  // namespace

void check_calm(Cluster& cluster) {
  std::uint64_t number = 0;
  const auto value = [&number] {
    return encode_term(ei_codec::binary("calm" + std::to_string(++number)));
  };
  for (const auto& node : cluster.stock()) {
    if (node->runs_groot()) check_stock(cluster, *node, cluster.own_key(*node), value());
  }
  for (const auto& node : cluster.ours()) {
    if (node->is_alive()) check_ours(cluster, *node, cluster.keys().front(), value());
  }
}

}  // namespace groot::sim
