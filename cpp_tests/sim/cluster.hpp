// All nodes of a simulation and what connects them, made up from a seed; what is asked of the whole
// when it has come to rest.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cpp_tests/sim/our_node.hpp"
#include "cpp_tests/sim/stock_node.hpp"

namespace groot::sim {

inline constexpr std::size_t nodes_min = 2;
inline constexpr std::size_t nodes_max = 7;

class Cluster {
 public:
  Cluster(std::uint64_t seed, bool told);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  Schedule schedule;
  Trace trace;
  Random random;
  Network network;
  Promises promises;

  // In the order of their names; at least one is ours.
  [[nodiscard]] const std::vector<Node*>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<std::unique_ptr<OurNode>>& ours() const { return ours_; }
  [[nodiscard]] const std::vector<std::unique_ptr<StockNode>>& stock() const { return stock_; }
  [[nodiscard]] std::vector<OurNode*> living_ours() const;
  // Those whose Groot runs.
  [[nodiscard]] std::vector<StockNode*> running_stock() const;
  // A delete of stock kills the storage process of every 0.1.x that it reaches, which is then given
  // back what it had, and whose next full state may bring the key back: whether there is none.
  [[nodiscard]] bool stock_may_delete() const;

  // What is written to by everybody. A list key goes to nodes of ours only.
  [[nodiscard]] const std::vector<Bytes>& keys() const { return keys_; }
  [[nodiscard]] const Bytes& list_key() const { return list_key_; }
  // Each is one process's own (workers.hpp).
  [[nodiscard]] const std::vector<Bytes>& work_keys() const { return work_keys_; }
  // One that nobody writes to during a storm.
  [[nodiscard]] const Bytes& own_key(const Node& node) const;
  // The same, for the time of gaps (gaps.hpp).
  [[nodiscard]] const Bytes& gap_key(const Node& node) const;

  void crash(Node& node);
  void start(Node& node);
  // delete_all there.
  void wipe(OurNode& node);

  // Empty when all living nodes agree: those of ours hold the same, stock reads the same. Else what
  // differs first.
  [[nodiscard]] std::string disagreement() const;
  // Every living node of ours reads every key; checks what it reads.
  void read_all() const;
  // Limits that hold at any time.
  void check_limits() const;
  // Nothing that was acknowledged is missing. Precondition: no disagreement.
  void check_nothing_lost() const;

  // Nodes of ours have lifetimes of tombstones, hashes, versions or ids that are not alike.
  [[nodiscard]] bool is_unequal() const { return unequal_; }
  // In some runs; drawn from the seed alone, so that all others are what they were.
  [[nodiscard]] bool has_slow_readers() const { return slow_readers_; }
  // Nodes of ours that cannot compare what they hold send it all every 10 to 20 s.
  [[nodiscard]] bool is_silent_at_rest() const { return compares_; }
  // Sums over nodes of ours: changes of registers; messages with registers that were sent.
  [[nodiscard]] std::uint64_t changes() const;
  [[nodiscard]] std::uint64_t registers_sent() const;

 private:
  void add_ours(const std::string& name);
  void add_stock(const std::string& name);
  void data_lost();

  std::vector<Node*> nodes_;
  std::vector<std::unique_ptr<OurNode>> ours_;
  std::vector<std::unique_ptr<StockNode>> stock_;
  std::vector<Bytes> keys_;
  std::vector<Bytes> work_keys_;
  Bytes list_key_;
  std::map<const Node*, Bytes> own_keys_;
  std::map<const Node*, Bytes> gap_keys_;
  store::HashSecret hash_secret_;  // of all nodes of ours
  bool slow_readers_;
  bool small_pieces_;
  bool unequal_ = false;            // nodes of ours are not alike
  bool compares_ = true;            // nodes of ours can compare what they hold
  std::vector<Bytes> keys_of_all_;  // that stock may hold, too
};

}  // namespace groot::sim
