#include "cpp_tests/sim/absence.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "cpp_tests/sim/rest.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

constexpr Ms hour = 3'600'000;
constexpr Ms expires_in = 2 * hour;
// Longer than an idle node takes to note that it is there.
constexpr Ms alive_noted = 61'000;

OurNode* node_with_disk(Cluster& cluster) {
  std::vector<OurNode*> found;
  for (const auto& node : cluster.ours()) {
    if (node->is_alive() && node->has_disk()) found.push_back(node.get());
  }
  return found.empty() ? nullptr : found[cluster.random.index(found.size())];
}

bool is_last_of_ours(const Cluster& cluster) {
  return std::ranges::count_if(cluster.ours(), [](const auto& node) { return node->is_alive(); }) ==
         1;
}

using Values = std::map<Bytes, Bytes>;

// What has a deadline may be gone at any time.
Values values_of(const OurNode& node) {
  Values values;
  node.replica().for_each([&](const store::RegisterPtr& reg) {
    if (reg->is_tombstone() || reg->expires_at_ms()) return;
    values[{reg->key().begin(), reg->key().end()}] = {reg->value().begin(), reg->value().end()};
  });
  return values;
}

void check_values(const Cluster& cluster, const Values& wanted, const std::string& when) {
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive()) continue;
    for (const auto& [key, value] : wanted) {
      const store::RegisterPtr reg = node->read(key);
      if (reg && ei_codec::same_bytes(reg->value(), value)) continue;
      throw Violation(when + " " + node->name() + " reads " + (reg ? text_of(*reg) : "nothing") +
                      " and not " + text_of(key) + " = " + text_of(value));
    }
    if (const auto held = values_of(*node); held.size() != wanted.size()) {
      throw Violation(when + " " + node->name() + " holds " + std::to_string(held.size()) +
                      " values instead of " + std::to_string(wanted.size()));
    }
  }
}

// Not even unread, in memory.
void check_nothing_expired(const Cluster& cluster) {
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive()) continue;
    node->replica().for_each([&](const store::RegisterPtr& reg) {
      if (!reg->expires_at_ms() || *reg->expires_at_ms() > node->now().wall_ms) return;
      throw Violation(node->name() + " keeps what has expired: " + text_of(*reg));
    });
  }
}

// No stamp is ahead of anybody's clock any more, and all that was written is on the disks: what is
// there shows that it is from before an absence. Wall clocks alone pass days here; a peer does not
// say that it has been up for that long.
void make_old(Cluster& cluster) {
  pass(cluster, hour);
  run_looking(cluster, cluster.schedule.now() + alive_noted);
}

// Whoever can.
bool erase_while_away(Cluster& cluster, const Bytes& key) {
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive()) continue;
    node->erase(key);
    return true;
  }
  return false;
}

}  // namespace

void check_restart_of_all(Cluster& cluster) {
  OurNode* kept = node_with_disk(cluster);
  if (!kept) return;
  // Before all are down for long it is long ago, and expires meanwhile; else it does so later.
  kept->set(cluster.own_key(*kept), encode_term(ei_codec::binary("brief")), expires_in);
  come_to_rest(cluster);
  make_old(cluster);
  const Values before = values_of(*kept);
  std::vector<Node*> were_there;
  for (Node* node : cluster.nodes()) {
    if (!node->is_alive()) continue;
    were_there.push_back(node);
    cluster.crash(*node);
  }
  cluster.schedule.run_until(cluster.schedule.now() + cluster.random.between(100, 20'000));
  const bool long_down = cluster.random.chance(50);
  if (long_down) pass(cluster, long_after);
  for (std::size_t left = were_there.size(); left > 0; --left) {
    const std::size_t which = cluster.random.index(left);
    cluster.start(*were_there[which]);
    std::swap(were_there[which], were_there[left - 1]);
    cluster.schedule.run_until(cluster.schedule.now() + cluster.random.between(0, 3'000));
  }
  if (long_down) {
    // What expired meanwhile is a tombstone to those that held it, and too old for the others.
    run_looking(cluster, cluster.schedule.now() + rest);
    pass(cluster, long_after);
  }
  come_to_rest(cluster);
  check_values(cluster, before, "after a restart of all");
  if (long_down) return;
  cluster.check_nothing_lost();
  pass(cluster, expires_in);
  come_to_rest(cluster);
  check_nothing_expired(cluster);
}

void check_long_absence(Cluster& cluster) {
  OurNode* away = node_with_disk(cluster);
  if (!away) return;
  const Bytes& stays = cluster.keys().front();
  // What stock cannot hold it does not show either: the last node of ours loses it by being away.
  if (is_last_of_ours(cluster)) away->erase(cluster.list_key());
  away->set(stays, encode_term(ei_codec::binary("stays")), std::nullopt);
  come_to_rest(cluster);
  make_old(cluster);
  Values wanted = values_of(*away);
  cluster.crash(*away);
  run_looking(cluster, cluster.schedule.now() + cluster.random.between(100, 20'000));
  for (auto value = wanted.begin(); value != wanted.end();) {
    const bool deleted = value->first != stays && cluster.random.chance(50) &&
                         erase_while_away(cluster, value->first);
    value = deleted ? wanted.erase(value) : std::next(value);
  }
  come_to_rest(cluster);
  for (int day = 0; day < 2; ++day) {
    pass(cluster, long_after);
    run_looking(cluster, cluster.schedule.now() + rest);
  }
  cluster.start(*away);
  run_looking(cluster, cluster.schedule.now() + rest);
  // 0.1 keeps the nil of a delete for ever. To the one that held what it deleted it is a tombstone
  // once more, to nobody else: that ends, too.
  pass(cluster, long_after);
  come_to_rest(cluster);
  check_values(cluster, wanted, "after a long absence");
}

}  // namespace groot::sim
