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
// Longer than it takes until others are known to be level, and an idle node notes that, and that it
// is there.
constexpr Ms alive_noted = 125'000;
constexpr Ms saved_within = 1'000;

OurNode* node_with_disk(Cluster& cluster) {
  std::vector<OurNode*> found;
  for (const auto& node : cluster.ours()) {
    if (node->is_alive() && node->has_disk()) found.push_back(node.get());
  }
  return found.empty() ? nullptr : found[cluster.random.index(found.size())];
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
      if (!reg->expires_at_ms() || *reg->expires_at_ms() > node->now().deadline_ms()) return;
      throw Violation(node->name() + " keeps what has expired: " + text_of(*reg));
    });
  }
}

// No stamp is ahead of anybody's clock any more, and all that was written is on the disks: what is
// there shows that it is from before an absence.
void make_old(Cluster& cluster) {
  pass(cluster, hour);
  run_looking(cluster, cluster.schedule.now() + alive_noted);
}

// Whoever can. A delete of stock kills the storage process of every 0.1.x that it reaches.
bool erase_while_away(Cluster& cluster, const Bytes& key) {
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive()) continue;
    node->erase(key);
    return true;
  }
  StockNode* deleter = nullptr;
  for (const auto& node : cluster.stock()) {
    if (!node->is_alive()) continue;
    if (!node->has_delete() || key == cluster.list_key()) return false;
    if (node->runs_groot()) deleter = node.get();
  }
  if (deleter == nullptr) return false;
  deleter->erase(key);
  return true;
}

// The nodes stay, and what they held in memory goes.
void end_memories(Cluster& cluster) {
  for (const auto& node : cluster.stock()) {
    if (node->is_alive() && node->runs_groot()) node->kill_storage();
  }
  for (const auto& node : cluster.ours()) {
    if (!node->is_alive() || node->has_disk()) continue;
    cluster.crash(*node);
    cluster.start(*node);
  }
}

// What nobody else ever gets: with Saving::async it takes a moment until it is saved.
void write_cut_off(Cluster& cluster, OurNode& node) {
  for (Node* other : cluster.nodes()) {
    if (other != &node) cluster.network.bar(node, *other);
  }
  run_looking(cluster, cluster.schedule.now() + cluster.random.between(0, 5'000));
  for (const Bytes& key : cluster.keys()) {
    if (!cluster.random.chance(50)) continue;
    node.set(key, encode_term(ei_codec::binary("cut off")), std::nullopt);
  }
  run_looking(cluster, cluster.schedule.now() + saved_within);
}

void end_cut(Cluster& cluster, OurNode& node) {
  for (Node* other : cluster.nodes()) {
    if (other != &node) cluster.network.allow(node, *other);
  }
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
  away->set(stays, encode_term(ei_codec::binary("stays")), std::nullopt);
  come_to_rest(cluster);
  make_old(cluster);
  // Where it was cut off before, or the others forget, nothing proves that anything was deleted;
  // and a node of ours of another version does not say whose memory it has.
  const bool cut_off = cluster.random.chance(30);
  const bool memories_end = cluster.random.chance(30);
  if (cut_off) write_cut_off(cluster, *away);
  Values wanted = values_of(*away);
  cluster.crash(*away);
  if (cut_off) end_cut(cluster, *away);
  run_looking(cluster, cluster.schedule.now() + cluster.random.between(100, 20'000));
  if (memories_end) end_memories(cluster);
  for (auto value = wanted.begin();
       !cut_off && !memories_end && cluster.is_silent_at_rest() && value != wanted.end();) {
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
