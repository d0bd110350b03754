#include "cpp_tests/sim/gaps.hpp"

#include "cnode/process/limits.hpp"
#include "cpp_tests/sim/rest.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

// Until the ends of a link have noticed that it is gone, and said so.
constexpr Ms noticed = 1'000;
// Over two links.
constexpr Ms passed_on = 500;
// On a link that is slower than the way by a stock node, full states and all.
constexpr Ms late = 3'000;
// Each in its turn, and the fetch may have to wait as in peace (calm.cpp).
constexpr Ms in_turn = static_cast<Ms>(nodes_max) * process::turn_interval_ms +
                       process::fetch_rest_factor * process::fetch_timeout_ms + 60'000;
constexpr Ms read_interval = 50;

template <class Held>
void await(Cluster& cluster, const std::string& what, Ms within, Held&& held) {
  const Ms end = cluster.schedule.now() + within;
  while (!held()) {
    if (cluster.schedule.now() >= end) throw Violation(what + " is not read in time");
    cluster.schedule.run_until(cluster.schedule.now() + read_interval);
  }
}

bool reads(const OurNode& node, const Bytes& key, const Bytes& value) {
  const store::RegisterPtr reg = node.read(key);
  return reg && ei_codec::same_bytes(reg->value(), value);
}

void check_barred(Cluster& cluster) {
  const std::vector<OurNode*> living = cluster.living_ours();
  // Somebody must be linked with both.
  if (living.size() < 3) return;
  OurNode& writer = *living[0];
  OurNode& reader = *living[1];
  const Bytes& key = cluster.keys().front();
  const Bytes value = encode_term(ei_codec::binary("around the gap"));
  cluster.network.bar(writer, reader);
  run_looking(cluster, cluster.schedule.now() + noticed);
  writer.set(key, value, std::nullopt);
  await(cluster, "the write at " + writer.name() + ", without a link to " + reader.name() + ",",
        passed_on, [&] { return reads(reader, key, value); });
  writer.erase(key);
  await(cluster, "the delete at " + writer.name() + ", without a link to " + reader.name() + ",",
        passed_on, [&] { return !reader.read(key); });
  cluster.network.allow(writer, reader);
  come_to_rest(cluster);
}

// A node of ours hears of a write through a stock node or a comparison first, and of the writer
// itself later: then it still passes it on to the one that is linked with nobody else.
void check_late(Cluster& cluster) {
  const std::vector<OurNode*> living = cluster.living_ours();
  if (living.size() < 3) return;
  OurNode& writer = *living[0];
  OurNode& between = *living[1];
  OurNode& reader = *living[2];
  const Bytes& key = cluster.keys().front();
  const Bytes value = encode_term(ei_codec::binary("late"));
  const auto others = [&](void (Network::*act)(const Node&, const Node&)) {
    for (const Node* node : cluster.nodes()) {
      if (node != &reader && node != &between) (cluster.network.*act)(reader, *node);
    }
  };
  others(&Network::bar);
  cluster.network.set_delay(writer, between, late);
  run_looking(cluster, cluster.schedule.now() + noticed + late);
  writer.set(key, value, std::nullopt);
  await(cluster, "the write at " + writer.name() + ", late at " + between.name() + ",",
        late + passed_on, [&] { return reads(reader, key, value); });
  cluster.network.set_delay(writer, between, cluster.random.between(0, 20));
  others(&Network::allow);
  come_to_rest(cluster);
}

void check_muted(Cluster& cluster) {
  std::vector<StockNode*> living = cluster.running_stock();
  if (living.size() < 2) return;
  living.resize(2);
  cluster.network.mute(*living[0], *living[1]);
  for (StockNode* writer : living) {
    // One that nobody holds: over a held one a slow clock could not write.
    const Bytes& key = cluster.gap_key(*writer);
    const Bytes value = encode_term(ei_codec::binary("heard in its turn"));
    writer->set(key, value);
    // Its clock may refuse.
    if (!writer->read(key)) continue;
    for (const auto& node : cluster.ours()) {
      if (!node->is_alive()) continue;
      await(cluster,
            "by " + node->name() + ", the write at " + writer->name() + ", cut off unawares,",
            in_turn, [&] { return reads(*node, key, value); });
    }
  }
  cluster.network.heal(*living[0], *living[1]);
  cluster.network.heal(*living[1], *living[0]);
  come_to_rest(cluster);
}

}  // namespace

void check_gaps(Cluster& cluster) {
  check_barred(cluster);
  check_late(cluster);
  check_muted(cluster);
}

}  // namespace groot::sim
