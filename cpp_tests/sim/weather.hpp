// What befalls a cluster: links that are lost, cut or slow, partitions, pauses, clocks that jump,
// processes that die. Each run has its own choice of these, so that some runs have one thing alone
// and often, which a mixture of everything would hide.
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include "cpp_tests/sim/cluster.hpp"

namespace groot::sim {

class Weather {
 public:
  explicit Weather(Cluster& cluster);
  Weather(const Weather&) = delete;
  Weather& operator=(const Weather&) = delete;

  // From now until `end`.
  void begin(Ms end);
  // It clears up: every link can be, every node that is to come back does so, nobody is paused.
  // Wall clocks stay as wrong as they are.
  void clear_up();
  // No message is held up: no slow link, no cut, no pause.
  [[nodiscard]] bool is_prompt() const;
  // Nor is one lost.
  [[nodiscard]] bool is_still() const;

 private:
  using Event = void (Weather::*)();

  // None of these belongs to this run's weather.
  [[nodiscard]] bool lacks(std::initializer_list<Event> events) const;
  void next();
  void lose_link();
  void cut_one_way();
  void partition();
  void slow_link();
  void jump_clock();
  void pause();
  void crash();
  void kill_storage();
  void read_slowly();

  Node& any_node();
  // Two different ones.
  std::pair<Node*, Node*> any_pair();
  void start_later(Node& node, Ms delay);

  Cluster& cluster_;
  Random random_;
  std::vector<Event> events_;
  Ms interval_max_ = 0;
  Ms end_ = 0;
  std::vector<Node*> gone_;  // for good
};

}  // namespace groot::sim
