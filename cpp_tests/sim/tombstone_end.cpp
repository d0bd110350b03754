#include "cpp_tests/sim/tombstone_end.hpp"

#include <map>
#include <string>
#include <vector>

#include "cpp_tests/sim/rest.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

// Around the end; it comes by different clocks, and stock forgets a moment later.
constexpr Ms early_max = 300;
constexpr Ms late_max = 3'000;
constexpr Ms before = 2'000;
constexpr Ms known_everywhere = 300'000;

// A delete of stock kills the storage processes of 0.1 that it reaches: there ours delete.
void erase_somewhere(Cluster& cluster, const Bytes& key) {
  bool stock_deletes = cluster.random.chance(50);
  StockNode* deleter = nullptr;
  for (StockNode* const node : cluster.running_stock()) {
    stock_deletes = stock_deletes && node->has_delete();
    deleter = node;
  }
  if (stock_deletes && deleter != nullptr) {
    deleter->erase(key);
  } else {
    any_of_ours(cluster)->erase(key);
  }
}

// False where stock's clock refuses.
bool set_somewhere(Cluster& cluster, const Bytes& key, const Bytes& value) {
  const std::vector<StockNode*> stock = cluster.running_stock();
  if (stock.empty() || cluster.random.chance(40)) {
    any_of_ours(cluster)->set(key, value, std::nullopt);
    return true;
  }
  StockNode& node = *stock[cluster.random.index(stock.size())];
  const std::uint64_t life = node.life();
  node.set(key, value);
  return node.life() == life;
}

void check_survivors(const Cluster& cluster, const std::map<Bytes, Bytes>& survivors) {
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive()) continue;
    for (const auto& [key, value] : survivors) {
      const store::RegisterPtr reg = node->read(key);
      if (reg && ei_codec::same_bytes(reg->value(), value)) continue;
      throw Violation(node->name() + " reads " + (reg ? text_of(*reg) : "nothing") + " and not " +
                      text_of(key) + " = " + text_of(value) +
                      ", set at the end of its tombstone's time");
    }
  }
}

}  // namespace

void check_tombstone_end(Cluster& cluster) {
  std::vector<Bytes> keys;
  for (const Node* node : cluster.nodes()) {
    keys.push_back(cluster.own_key(*node));
    keys.push_back(cluster.gap_key(*node));
  }
  for (const Bytes& key : keys) {
    any_of_ours(cluster)->set(key, encode_term(ei_codec::binary("old")), std::nullopt);
  }
  come_to_rest(cluster);
  const Ms deleted_at = cluster.schedule.now();
  for (const Bytes& key : keys) erase_somewhere(cluster, key);
  come_to_rest(cluster);
  pass(cluster, deleted_at + store::tombstone_ttl_ms_default - before - cluster.schedule.now());
  std::map<Bytes, Bytes> survivors;
  for (const Bytes& key : keys) {
    const Ms at = before + cluster.random.between(-early_max,
                                                  cluster.random.chance(70) ? early_max : late_max);
    cluster.schedule.after(at, [&cluster, &survivors, &key] {
      const Bytes value = encode_term(ei_codec::binary("new " + text_of(key)));
      if (set_somewhere(cluster, key, value)) survivors[key] = value;
    });
  }
  // Other tombstones end now and then, on each node by itself: there is no rest.
  run_looking(cluster, cluster.schedule.now() + before + late_max + known_everywhere);
  check_survivors(cluster, survivors);
}

}  // namespace groot::sim
