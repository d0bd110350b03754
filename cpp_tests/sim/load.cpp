#include "cpp_tests/sim/load.hpp"

#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

constexpr Ms expires_in_max = 20'000;
constexpr int reads = 25;     // percent
constexpr int list_keys = 4;  // percent

}  // namespace

Load::Load(Cluster& cluster, bool wipes) : cluster_(cluster), random_(cluster.random.split()) {
  interval_max_ = random_.chance(50) ? random_.between(20, 300) : random_.between(300, 3'000);
  deletes_ = random_.chance(70) ? static_cast<int>(random_.between(0, 30)) : 0;
  wipes_ = random_.chance(30) && wipes ? 2 : 0;
  our_wipes_ = random_.chance(15) && wipes ? 2 : 0;
  expiring_ = random_.chance(60) ? static_cast<int>(random_.between(0, 40)) : 0;
}

void Load::begin(Ms end) {
  end_ = end;
  next();
}

void Load::next() {
  cluster_.schedule.after(random_.between(1, interval_max_), [this] {
    if (cluster_.schedule.now() >= end_) return;
    act();
    next();
  });
}

void Load::act() {
  const std::size_t at = random_.index(cluster_.nodes().size());
  const Bytes& key = cluster_.keys()[random_.index(cluster_.keys().size())];
  const Node& node = *cluster_.nodes()[at];
  if (!node.is_alive() || node.is_paused()) return;
  if (at < cluster_.ours().size()) {
    act_on(*cluster_.ours()[at], random_.chance(list_keys) ? cluster_.list_key() : key);
  } else {
    StockNode& stock = *cluster_.stock()[at - cluster_.ours().size()];
    if (stock.runs_groot()) act_on(stock, key);
  }
}

void Load::act_on(OurNode& node, const Bytes& key) {
  if (random_.chance(reads)) {
    (void)node.read(key);
  } else if (random_.chance(deletes_)) {
    node.erase(key);
  } else if (random_.chance(our_wipes_)) {
    cluster_.wipe(node);
  } else if (random_.chance(expiring_)) {
    node.set(key, new_value(), random_.between(0, expires_in_max));
  } else {
    node.set(key, new_value(), std::nullopt);
  }
}

void Load::act_on(StockNode& node, const Bytes& key) {
  if (node.has_delete() && random_.chance(deletes_)) {
    node.erase(key);
  } else if (random_.chance(wipes_)) {
    node.wipe();
  } else {
    node.set(key, new_value());
  }
}

Bytes Load::new_value() {
  return encode_term(ei_codec::binary("v" + std::to_string(++values_)));
}

}  // namespace groot::sim
