// Processes that do one thing after the other to a key of their own, each at one node, as fast as
// they please, whatever the weather: in the end every node reads what each did last.
#pragma once

#include <vector>

#include "cpp_tests/sim/weather.hpp"

namespace groot::sim {

class Workers {
 public:
  explicit Workers(Cluster& cluster);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] bool any() const { return !workers_.empty(); }
  // From now until `end`.
  void begin(Ms end);
  // Precondition: the cluster has come to rest after `weather`. Throws Violation.
  void check(const Weather& weather) const;

 private:
  struct Worker {
    Node* node = nullptr;
    OurNode* ours = nullptr;  // the same, or null
    StockNode* stock = nullptr;
    Bytes key;
    Ms pause_max = 0;
    bool deletes = false;
    std::uint64_t life = 0;  // of the node, in which it works; it ends with that
    std::uint64_t acts = 0;
  };

  void work_on(Worker& worker);
  // False when the node's life in which it works is over.
  bool act(Worker& worker);
  [[nodiscard]] static bool is_there(const Worker& worker);

  Cluster& cluster_;
  Random random_;
  std::vector<Worker> workers_;
  Ms end_ = 0;
};

}  // namespace groot::sim
