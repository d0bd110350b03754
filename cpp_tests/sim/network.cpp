#include "cpp_tests/sim/network.hpp"

#include <algorithm>
#include <utility>

namespace groot::sim {
namespace {

// Of a dial that follows the end of a link.
constexpr Ms dial_delay_max = 3'000;
constexpr Ms jitter_max = 3;
// Of a BEAM it is 45 to 75 s; what matters is that cuts are shorter and longer than it.
constexpr Ms tick_time_min = 3'000;
constexpr Ms tick_time_max = 12'000;

constexpr std::size_t other(std::size_t side) {
  return 1 - side;
}

}  // namespace

Network::Network(Schedule& schedule, Trace& trace, Random random)
    : schedule_(schedule),
      trace_(trace),
      random_(random),
      tick_time_(random_.between(tick_time_min, tick_time_max)) {}

void Network::add(Node& node) {
  for (Node* peer : nodes_) {
    Pair& pair = pairs_.emplace_back();
    pair.nodes = {peer, &node};
    pair.delay = random_.between(0, 20);
  }
  nodes_.push_back(&node);
}

void Network::begin() {
  for (Pair& pair : pairs_) dial(pair);
}

Network::Pair& Network::pair_of(const Node& a, const Node& b) {
  const auto found = std::ranges::find_if(pairs_, [&](const Pair& pair) {
    return (pair.nodes[0] == &a && pair.nodes[1] == &b) ||
           (pair.nodes[0] == &b && pair.nodes[1] == &a);
  });
  if (found == pairs_.end()) throw Violation("the simulator asks for a link that cannot be");
  return *found;
}

std::size_t Network::side_of(const Pair& pair, const Node& node) {
  return pair.nodes[0] == &node ? 0 : 1;
}

// ---- links come and go ----

void Network::dial(Pair& pair) {
  if (std::exchange(pair.dialing, true)) return;
  schedule_.after(random_.between(1, dial_delay_max), [this, &pair] {
    pair.dialing = false;
    try_link(pair);
  });
}

void Network::try_link(Pair& pair) {
  const auto ready = [](const Node* node) { return node->is_alive() && !node->is_paused(); };
  if (pair.barred || pair.up[0] || pair.up[1] || pair.ways[0].cut || pair.ways[1].cut ||
      !ready(pair.nodes[0]) || !ready(pair.nodes[1])) {
    dial(pair);
    return;
  }
  pair.link = ++links_;
  by_link_[pair.link] = &pair;
  for (Direction& way : pair.ways) {
    way.queue.clear();
    way.bytes = 0;
    way.last_at = 0;
    way.reads_at = 0;
  }
  pair.up = {true, true};
  if (trace_.is_told()) trace_.tell(pair.nodes[0]->name() + " == " + pair.nodes[1]->name());
  pair.nodes[0]->link_up(pair.link, *pair.nodes[1]);
  pair.nodes[1]->link_up(pair.link, *pair.nodes[0]);
}

void Network::end(Pair& pair, std::size_t side) {
  if (!std::exchange(pair.up[side], false)) return;
  Node& node = *pair.nodes[side];
  Node& peer = *pair.nodes[other(side)];
  const LinkId link = pair.link;
  if (trace_.is_told()) trace_.tell(node.name() + " lost " + peer.name());
  // Nobody reads any more what is on its way to this end.
  Direction& incoming = pair.ways[other(side)];
  incoming.queue.clear();
  incoming.bytes = 0;
  if (node.is_alive()) node.link_down(link);
  if (pair.up[other(side)]) {
    // Its socket is closed: the other end hears of it, unless nothing gets through.
    if (!pair.ways[side].cut) end_later(pair, other(side), pair.delay + random_.between(0, 50));
  } else {
    by_link_.erase(link);
    dial(pair);
  }
}

void Network::end_later(Pair& pair, std::size_t side, Ms delay) {
  schedule_.after(delay, [this, &pair, side, link = pair.link] {
    if (pair.link != link || !pair.up[side]) return;
    Node& node = *pair.nodes[side];
    if (node.is_paused()) {
      end_later(pair, side, node.paused_until() - schedule_.now());
    } else {
      end(pair, side);
    }
  });
}

void Network::end_if_cut(Pair& pair, std::size_t way) {
  schedule_.after(tick_time_, [this, &pair, way, cuts = pair.ways[way].cuts] {
    if (pair.ways[way].cut && pair.ways[way].cuts == cuts) end_later(pair, other(way), 0);
  });
}

void Network::lose(const Node& a, const Node& b) {
  Pair& pair = pair_of(a, b);
  end_later(pair, 0, random_.between(0, 100));
  end_later(pair, 1, random_.between(0, 100));
}

void Network::cut(const Node& from, const Node& to) {
  Pair& pair = pair_of(from, to);
  const std::size_t way = side_of(pair, from);
  if (std::exchange(pair.ways[way].cut, true)) return;
  ++pair.ways[way].cuts;
  end_if_cut(pair, way);
}

void Network::heal(const Node& from, const Node& to) {
  Pair& pair = pair_of(from, to);
  const std::size_t way = side_of(pair, from);
  if (!std::exchange(pair.ways[way].cut, false)) return;
  // An end that gave up in the meantime tells the other one now.
  if (!pair.up[way] && pair.up[other(way)]) end_later(pair, other(way), pair.delay);
  pump(pair, way);
}

void Network::bar(const Node& a, const Node& b) {
  pair_of(a, b).barred = true;
  lose(a, b);
}

void Network::allow(const Node& a, const Node& b) {
  pair_of(a, b).barred = false;
}

void Network::mute(const Node& a, const Node& b) {
  for (Direction& way : pair_of(a, b).ways) {
    way.cut = true;
    ++way.cuts;
  }
}

void Network::set_delay(const Node& a, const Node& b, Ms delay) {
  pair_of(a, b).delay = delay;
}

void Network::paused(const Node& node) {
  if (node.paused_until() - schedule_.now() < tick_time_) return;
  for (Pair& pair : pairs_) {
    const std::size_t side = side_of(pair, node);
    if (pair.nodes[side] == &node) end_later(pair, other(side), tick_time_);
  }
}

void Network::crashed(const Node& node) {
  for (Pair& pair : pairs_) {
    const std::size_t side = side_of(pair, node);
    if (pair.nodes[side] == &node) end(pair, side);
  }
}

// ---- messages ----

void Network::send(const Node& from, LinkId link, Packet packet) {
  const auto found = by_link_.find(link);
  if (found == by_link_.end()) return;
  Pair& pair = *found->second;
  const std::size_t side = side_of(pair, from);
  if (!pair.up[side]) return;
  trace_.note(static_cast<std::uint64_t>(schedule_.now()));
  trace_.note(link << 1 | side);
  if (packet.message) trace_.note(ByteView(*packet.message));
  // To an end that has ended already: lost on the way.
  if (!pair.up[other(side)]) return;
  Direction& way = pair.ways[side];
  way.last_at =
      std::max(way.last_at, schedule_.now() + pair.delay + random_.between(0, jitter_max));
  way.bytes += packet.message ? packet.message->size() : 0;
  bytes_max_ = std::max(bytes_max_, way.bytes);
  way.queue.push_back({way.last_at, std::move(packet)});
  if (way.bytes > backlog_max_ && from.is_ours()) end_later(pair, side, 0);
  pump(pair, side);
}

bool Network::has_room(const Node& from, LinkId link) const {
  const auto found = by_link_.find(link);
  if (found == by_link_.end()) return true;
  const Pair& pair = *found->second;
  return pair.ways[side_of(pair, from)].bytes <= backlog_max_ / 8;
}

void Network::pump(Pair& pair, std::size_t way) {
  Direction& direction = pair.ways[way];
  if (direction.pumped || direction.cut || direction.queue.empty()) return;
  direction.pumped = true;
  const Ms at = std::max(
      {direction.queue.front().at, direction.reads_at, pair.nodes[other(way)]->paused_until()});
  schedule_.at(at, [this, &pair, way] {
    pair.ways[way].pumped = false;
    deliver(pair, way);
    pump(pair, way);
  });
}

void Network::deliver(Pair& pair, std::size_t way) {
  Direction& direction = pair.ways[way];
  Node& receiver = *pair.nodes[other(way)];
  // The queue may be that of a later link than the one this was scheduled for.
  if (direction.cut || direction.queue.empty() || !pair.up[other(way)] || receiver.is_paused() ||
      direction.queue.front().at > schedule_.now()) {
    return;
  }
  const Packet packet = std::move(direction.queue.front().packet);
  direction.queue.pop_front();
  direction.bytes -= packet.message ? packet.message->size() : 0;
  direction.reads_at = schedule_.now() + receiver.reading_time();
  ++delivered_;
  receiver.receive(pair.link, packet);
}

}  // namespace groot::sim
