#include "cpp_tests/sim/weather.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace groot::sim {
namespace {

constexpr Ms jump_max = 600'000;
constexpr Ms cut_max = 20'000;
constexpr Ms partition_max = 30'000;
constexpr Ms slow_delay_max = 2'000;
// So slow that questions time out, and a full state takes longer than the interval between two.
constexpr Ms stalled_delay_max = 8'000;
constexpr Ms slow_max = 30'000;
constexpr Ms pause_max = 15'000;
constexpr Ms away_max = 20'000;
// A node that takes so long over each message has links that ours give up.
constexpr Ms reading_time_max = 400;
constexpr std::int64_t backlog_min = 2'000;
constexpr std::int64_t backlog_max = 30'000;
// Percent of the crashes after which a node does not come back.
constexpr int for_good = 10;

}  // namespace

Weather::Weather(Cluster& cluster) : cluster_(cluster), random_(cluster.random.split()) {
  const std::vector<Event> all{&Weather::lose_link, &Weather::cut_one_way, &Weather::partition,
                               &Weather::slow_link, &Weather::jump_clock,  &Weather::pause,
                               &Weather::crash,     &Weather::kill_storage};
  for (const Event event : all) {
    if (random_.chance(45)) events_.push_back(event);
  }
  interval_max_ = random_.between(500, 10'000);
  if (!cluster.has_slow_readers()) return;
  events_.push_back(&Weather::read_slowly);
  cluster.network.set_backlog_max(
      static_cast<std::size_t>(random_.between(backlog_min, backlog_max)));
}

void Weather::begin(Ms end) {
  end_ = end;
  if (!events_.empty()) next();
}

void Weather::next() {
  cluster_.schedule.after(random_.between(50, interval_max_), [this] {
    if (cluster_.schedule.now() >= end_) return;
    (this->*events_[random_.index(events_.size())])();
    next();
  });
}

void Weather::clear_up() {
  for (Node* from : cluster_.nodes()) {
    for (Node* to : cluster_.nodes()) {
      if (from == to) continue;
      cluster_.network.heal(*from, *to);
      cluster_.network.set_delay(*from, *to, random_.between(0, 20));
    }
    from->pause_until(cluster_.schedule.now());
    from->set_reading_time(0);
  }
  // Those who read at once leave no backlog.
  cluster_.network.set_backlog_max(std::numeric_limits<std::size_t>::max());
  for (Node* node : cluster_.nodes()) {
    if (!node->is_alive() && std::ranges::find(gone_, node) == gone_.end()) cluster_.start(*node);
  }
}

bool Weather::is_prompt() const {
  return lacks({&Weather::cut_one_way, &Weather::partition, &Weather::slow_link, &Weather::pause,
                &Weather::read_slowly});
}

bool Weather::is_still() const {
  return is_prompt() && lacks({&Weather::lose_link, &Weather::crash, &Weather::kill_storage});
}

bool Weather::lacks(std::initializer_list<Event> events) const {
  return std::ranges::none_of(
      events, [this](Event event) { return std::ranges::find(events_, event) != events_.end(); });
}

Node& Weather::any_node() {
  return *cluster_.nodes()[random_.index(cluster_.nodes().size())];
}

std::pair<Node*, Node*> Weather::any_pair() {
  Node* a = &any_node();
  Node* b = &any_node();
  while (a == b) b = &any_node();
  return {a, b};
}

void Weather::lose_link() {
  const auto [a, b] = any_pair();
  cluster_.network.lose(*a, *b);
}

void Weather::cut_one_way() {
  const auto pair = any_pair();
  if (cluster_.trace.is_told()) {
    cluster_.trace.tell("cut: " + pair.first->name() + " to " + pair.second->name());
  }
  cluster_.network.cut(*pair.first, *pair.second);
  cluster_.schedule.after(random_.between(100, cut_max),
                          [this, pair] { cluster_.network.heal(*pair.first, *pair.second); });
}

void Weather::partition() {
  std::vector<Node*> left;
  std::vector<Node*> right;
  for (Node* node : cluster_.nodes()) (random_.chance(50) ? left : right).push_back(node);
  const auto across = [this, left, right](void (Network::*act)(const Node&, const Node&)) {
    for (const Node* a : left) {
      for (const Node* b : right) {
        (cluster_.network.*act)(*a, *b);
        (cluster_.network.*act)(*b, *a);
      }
    }
  };
  if (cluster_.trace.is_told()) {
    std::string text = "partition:";
    for (const Node* node : left) text += " " + node->name();
    cluster_.trace.tell(text + " from the others");
  }
  across(&Network::cut);
  cluster_.schedule.after(random_.between(500, partition_max), [this, across] {
    cluster_.trace.tell("a partition heals");
    across(&Network::heal);
  });
}

void Weather::slow_link() {
  const auto pair = any_pair();
  cluster_.network.set_delay(
      *pair.first, *pair.second,
      random_.between(50, random_.chance(70) ? slow_delay_max : stalled_delay_max));
  cluster_.schedule.after(random_.between(500, slow_max), [this, pair] {
    cluster_.network.set_delay(*pair.first, *pair.second, random_.between(0, 20));
  });
}

void Weather::jump_clock() {
  Node& node = any_node();
  node.set_wall_offset(random_.between(-jump_max, jump_max));
  if (cluster_.trace.is_told()) {
    cluster_.trace.tell("the clock of " + node.name() + " jumps to " +
                        std::to_string(node.wall_offset()) + " ms");
  }
}

void Weather::pause() {
  Node& node = any_node();
  if (!node.is_alive()) return;
  node.pause_until(cluster_.schedule.now() + random_.between(50, pause_max));
  if (cluster_.trace.is_told()) {
    cluster_.trace.tell(node.name() + " is paused until " + std::to_string(node.paused_until()));
  }
  cluster_.network.paused(node);
}

void Weather::crash() {
  Node& node = any_node();
  if (!node.is_alive()) return;
  const auto is_ours = [](const Node* each) { return each->is_ours() && each->is_alive(); };
  // One of ours stays, or there is nobody to keep a promise.
  const bool last = node.is_ours() && std::ranges::count_if(cluster_.nodes(), is_ours) == 1;
  cluster_.crash(node);
  // What is on a disk counts as held: it comes back.
  if (!last && !node.has_disk() && random_.chance(for_good)) {
    gone_.push_back(&node);
  } else {
    start_later(node, random_.between(200, away_max));
  }
}

void Weather::start_later(Node& node, Ms delay) {
  cluster_.schedule.after(delay, [this, &node] {
    if (!node.is_alive()) cluster_.start(node);
  });
}

void Weather::read_slowly() {
  Node& node = any_node();
  node.set_reading_time(random_.between(10, reading_time_max));
  if (cluster_.trace.is_told()) {
    cluster_.trace.tell(node.name() + " takes " + std::to_string(node.reading_time()) +
                        " ms over each message");
  }
  cluster_.schedule.after(random_.between(500, slow_max), [&node] { node.set_reading_time(0); });
}

void Weather::kill_storage() {
  if (cluster_.stock().empty()) return;
  StockNode& node = *cluster_.stock()[random_.index(cluster_.stock().size())];
  if (node.runs_groot()) node.kill_storage();
}

}  // namespace groot::sim
