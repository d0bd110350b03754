// Links between all nodes, as TCP connections look from the two ends: in order, late, silent for a
// while, gone for one end before the other knows, dialled again.
//
// A cut holds back what is sent in one direction. When it lasts longer than the tick time, the end
// that hears nothing gives the link up; the other end learns it when something gets through, or by
// its own silence. What was under way on a link that ended is lost.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <vector>

#include "cpp_tests/sim/node.hpp"
#include "cpp_tests/sim/random.hpp"
#include "cpp_tests/sim/trace.hpp"

namespace groot::sim {

class Network {
 public:
  Network(Schedule& schedule, Trace& trace, Random random);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // All nodes before the first link. The node must outlive the network's last use.
  void add(Node& node);
  // Every pair dials, and again whenever its link is gone.
  void begin();

  // Lost where the sender's end of the link has ended.
  void send(const Node& from, LinkId link, Packet packet);

  // ---- weather ----
  // Both ends lose the link, one after the other.
  void lose(const Node& a, const Node& b);
  void cut(const Node& from, const Node& to);
  void heal(const Node& from, const Node& to);
  // Their link ends, and they can have none until it is allowed.
  void bar(const Node& a, const Node& b);
  void allow(const Node& a, const Node& b);
  // Nothing gets through either way, and neither end notices, until both ways are healed.
  void mute(const Node& a, const Node& b);
  // One way, without what chance adds.
  void set_delay(const Node& a, const Node& b, Ms delay);
  // A node of ours gives up a link when more than this waits for the other end to read it.
  void set_backlog_max(std::size_t bytes) { backlog_max_ = bytes; }
  // Whether little of what `from` sent waits, or the link is gone.
  [[nodiscard]] bool has_room(const Node& from, LinkId link) const;
  // `node` was just paused: silent for longer than the tick time, its peers give it up.
  void paused(const Node& node);
  // `node` was just ended: its peers find out.
  void crashed(const Node& node);

  // ---- for the checks ----
  // The most bytes that were ever under way in one direction of a link.
  [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }
  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }

 private:
  struct InFlight {
    Ms at;
    Packet packet;
  };
  struct Direction {
    std::deque<InFlight> queue;
    std::size_t bytes = 0;
    Ms last_at = 0;
    Ms reads_at = 0;  // when the reader is done with the message before
    bool cut = false;
    bool pumped = false;     // its next delivery is scheduled
    std::uint64_t cuts = 0;  // number of the cut; a tick time that belongs to an older one is void
  };
  // Ends and directions by their first node: ends[0] is that of nodes[0], ways[0] leaves it.
  struct Pair {
    std::array<Node*, 2> nodes{};
    std::array<bool, 2> up{};
    std::array<Direction, 2> ways;
    LinkId link = 0;
    Ms delay = 1;
    bool dialing = false;
    bool barred = false;
  };

  Pair& pair_of(const Node& a, const Node& b);
  static std::size_t side_of(const Pair& pair, const Node& node);
  void dial(Pair& pair);
  void try_link(Pair& pair);
  void end(Pair& pair, std::size_t side);
  void end_later(Pair& pair, std::size_t side, Ms delay);
  void end_if_cut(Pair& pair, std::size_t way);
  void pump(Pair& pair, std::size_t way);
  void deliver(Pair& pair, std::size_t way);

  Schedule& schedule_;
  Trace& trace_;
  Random random_;
  Ms tick_time_;
  std::size_t backlog_max_ = std::numeric_limits<std::size_t>::max();
  std::vector<Node*> nodes_;
  std::deque<Pair> pairs_;           // stable addresses
  std::map<LinkId, Pair*> by_link_;  // links that one end at least still has
  LinkId links_ = 0;
  std::size_t bytes_max_ = 0;
  std::uint64_t delivered_ = 0;
};

}  // namespace groot::sim
