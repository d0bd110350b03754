// What users do meanwhile: set, set with a deadline, delete and read, at any node that is there;
// and now and then they wipe a node.
#pragma once

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

class Load {
 public:
  // `wipes`: there may be delete_all.
  Load(Cluster& cluster, bool wipes);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // From now until `end`.
  void begin(Ms end);

 private:
  void next();
  void act();
  void act_on(OurNode& node, const Bytes& key);
  void act_on(StockNode& node, const Bytes& key);
  // Never the same twice: it tells who wrote it.
  Bytes new_value();

  Cluster& cluster_;
  Random random_;
  Ms interval_max_ = 0;
  int deletes_ = 0;    // percent
  int expiring_ = 0;   // percent
  int wipes_ = 0;      // percent
  int our_wipes_ = 0;  // percent
  Ms end_ = 0;
  std::uint64_t values_ = 0;
};

}  // namespace groot::sim
