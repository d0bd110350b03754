#include "cpp_tests/sim/order.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "cpp_tests/sim/rest.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

// A step of a clock that is still followed.
constexpr Ms ahead_max = 4'000;
constexpr Ms pause_max = 400;
constexpr int acts = 10;

class Process {
 public:
  Process(Cluster& cluster, StockNode& node, const Bytes& key)
      : cluster_(cluster),
        node_(node),
        key_(key),
        undone_(undone()),
        slow_undone_(slow_writes_undone()),
        deletes_(cluster.stock_may_delete()) {}

  void act() {
    const bool set = !deletes_ || cluster_.random.chance(60);
    if (set) {
      last_ = encode_term(ei_codec::binary("order" + std::to_string(++values_)));
      node_.set(key_, *last_);
    } else {
      last_.reset();
      node_.erase(key_);
    }
  }
  // What ours send must not take from the process what it did last; other stock nodes may, for a
  // moment.
  void check_own() const {
    if (undone() == undone_ && slow_writes_undone() == slow_undone_ && node_.read(key_) != last_) {
      throw Violation(node_.name() + " no longer reads what was done last there to " +
                      text_of(key_));
    }
  }
  void check() const {
    if (undone() != undone_) return;
    for (const auto& node : cluster_.ours()) {
      if (!node->is_alive()) continue;
      const store::RegisterPtr reg = node->read(key_);
      if (reg ? last_ && ei_codec::same_bytes(reg->value(), *last_) : !last_) continue;
      throw Violation(node->name() + " reads " + (reg ? text_of(*reg) : "nothing") + ", though " +
                      node_.name() + " has since " +
                      (last_ ? "set it to " + text_of(*last_) : "deleted it"));
    }
  }

 private:
  // Where a node of ours is told of each write no other stock node has the time to undo it.
  [[nodiscard]] std::uint64_t undone() const {
    const bool told = std::ranges::any_of(
        cluster_.ours(), [](const auto& node) { return node->is_alive() && node->is_told(); });
    return cluster_.promises.deletes_undone(key_) + (told ? 0 : slow_writes_undone());
  }
  [[nodiscard]] std::uint64_t slow_writes_undone() const {
    return cluster_.promises.slow_writes_undone(key_);
  }

  Cluster& cluster_;
  StockNode& node_;
  const Bytes& key_;
  std::optional<Bytes> last_;
  std::uint64_t undone_;
  std::uint64_t slow_undone_;
  bool deletes_;
  int values_ = 0;
};

}  // namespace

void check_order(Cluster& cluster) {
  const std::vector<StockNode*> living = cluster.running_stock();
  if (living.empty()) return;
  StockNode& node = *living[cluster.random.index(living.size())];
  OurNode& before = *any_of_ours(cluster);
  const Bytes& key = cluster.gap_key(node);
  before.set_wall_offset(before.wall_offset() + cluster.random.between(0, ahead_max));
  before.set(key, encode_term(ei_codec::binary("before")), std::nullopt);
  // By then each stock node has shown it to every node of ours.
  come_to_rest(cluster);
  const std::uint64_t life = node.life();
  Process process(cluster, node, key);
  for (int i = 0; i < acts; ++i) {
    process.act();
    if (node.life() != life) return;
    if (cluster.random.chance(70)) {
      run_looking(cluster, cluster.schedule.now() + cluster.random.between(1, pause_max));
      process.check_own();
    }
  }
  come_to_rest(cluster);
  process.check();
}

}  // namespace groot::sim
