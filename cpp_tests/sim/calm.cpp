#include "cpp_tests/sim/calm.hpp"

#include <algorithm>
#include <vector>

#include "cnode/process/limits.hpp"
#include "cpp_tests/sim/rest.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

// What is written at a node of ours is pushed.
constexpr Ms pushed = 2'000;
// What is written at stock is fetched by a hidden node of ours, a moment later; but a fetch that
// took T, because a node was paused or a link slow, is followed by a rest of nine times T.
constexpr Ms fetched = process::fetch_rest_factor * process::fetch_timeout_ms + 60'000;
// Where nothing went wrong it is much less. One way takes up to 23 ms. What is fetched is asked for
// every 250 ms where it was quiet, takes two questions, waits for a busy peer 20 times and for the
// rest after a fetch 9 times as long as a fetch takes.
constexpr Ms told = 30;
constexpr Ms asked = 2'000;
constexpr Ms read_interval = 50;
// Stock undoes a delete where a full state crosses it: seldom, and hardly ever twice.
constexpr int deletes_undone_max = 2;
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

// Until all read it; what differs where they do not in time.
std::string wait_for(Cluster& cluster, const Bytes& key, const std::optional<Bytes>& value,
                     Ms within) {
  const Ms end = cluster.schedule.now() + within;
  std::string difference = unread(cluster, key, value);
  while (!difference.empty() && cluster.schedule.now() < end) {
    cluster.schedule.run_until(cluster.schedule.now() + read_interval);
    difference = unread(cluster, key, value);
  }
  return difference;
}

void await(Cluster& cluster, const std::string& what, const Bytes& key,
           const std::optional<Bytes>& value, Ms within) {
  const std::string difference = wait_for(cluster, key, value, within);
  if (difference.empty()) return;
  throw Violation(what + " of " + text_of(key) + " is not seen everywhere: " + difference);
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

// A full state that was under way to a stock node brings the key back there, and one that had shown
// it to nobody of ours may be the only one to have deleted it: then all read it, and the user asks
// once more. Of a node of ours that had heard of the delete the value would be read in vain
// (Promises::read).
void check_delete_at_stock(Cluster& cluster, StockNode& node, const Bytes& key) {
  for (int left = deletes_undone_max;; --left) {
    const std::uint64_t undone = cluster.promises.deletes_undone(key);
    node.erase(key);
    const std::string difference = wait_for(cluster, key, std::nullopt, fetched);
    if (difference.empty()) return;
    const bool by_stock = cluster.promises.deletes_undone(key) != undone;
    if (by_stock && left > 0 && cluster.disagreement().empty()) continue;
    throw Violation("the delete at " + node.name() + " of " + text_of(key) +
                    " is not seen everywhere: " + difference);
  }
}

// Which is late at last, in ms since the write; only of nodes of ours.
void check_staleness(const Cluster& cluster, const std::string& writer, const Bytes& key,
                     const Bytes& value, Ms age) {
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive()) continue;
    const store::RegisterPtr reg = node->read(key);
    if (reg && ei_codec::same_bytes(reg->value(), value)) continue;
    if (age < (node->is_told() ? told : asked)) continue;
    throw Violation(node->name() + " does not read " + text_of(key) + " " + std::to_string(age) +
                    " ms after it was written at " + writer);
  }
}

void await_soon(Cluster& cluster, const StockNode& writer, const Bytes& key, const Bytes& value) {
  const Ms begin = cluster.schedule.now();
  for (const Ms age : {told, asked}) {
    cluster.schedule.run_until(begin + age);
    check_staleness(cluster, writer.name(), key, value, age);
  }
}

// A key that nobody holds: over a held one a slow clock could not write.
// `quiet`: nothing has gone wrong lately, and stays so where this returns true.
bool check_stock(Cluster& cluster, StockNode& node, const Bytes& key, const Bytes& value,
                 bool quiet) {
  node.set(key, value);
  // The clock of 0.1.x may refuse, which costs the node its data and the user the write.
  if (!node.read(key)) return false;
  if (quiet) await_soon(cluster, node, key, value);
  await(cluster, "the write at " + node.name(), key, value, fetched);
  if (cluster.stock_may_delete()) check_delete_at_stock(cluster, node, key);
  return quiet;
}

}  // namespace

void check_calm(Cluster& cluster, bool quiet) {
  std::uint64_t number = 0;
  const auto value = [&number] {
    return encode_term(ei_codec::binary("calm" + std::to_string(++number)));
  };
  for (const auto& node : cluster.stock()) {
    if (!node->runs_groot()) continue;
    quiet = check_stock(cluster, *node, cluster.own_key(*node), value(), quiet);
  }
  for (const auto& node : cluster.ours()) {
    if (node->is_alive()) check_ours(cluster, *node, cluster.keys().front(), value());
  }
}

void check_own_wipe(Cluster& cluster) {
  const bool by_stock = std::ranges::any_of(
      cluster.stock(), [](const auto& node) { return node->is_alive() && node->runs_groot(); });
  const bool all = by_stock && cluster.random.chance(50);
  const OurNode* one = any_of_ours(cluster);
  for (const auto& node : cluster.ours()) {
    if (node->is_alive() && (all || node.get() == one)) cluster.wipe(*node);
  }
  come_to_rest(cluster);
  cluster.check_nothing_lost();
}

}  // namespace groot::sim
