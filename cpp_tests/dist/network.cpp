#include "cpp_tests/dist/network.hpp"

#include <algorithm>
#include <utility>

namespace groot::dist::test {

Network::Node& Network::start(const std::string& node, const std::string& cookie,
                              std::uint32_t creation) {
  for (Wire& wire : wires_) {
    for (End& end : wire.ends) {
      if (end.node == node) end.node.clear();
    }
  }
  Node& started = nodes_[node] = Node();
  started.connections = std::make_unique<Connections>(ConnectionsOptions{
      identity(node, creation), cookie, [this] { return random_ += 0x9e3779b9; }});
  return started;
}

std::size_t Network::connect(const std::string& node) {
  Node& from = nodes_.at(node);
  const NodeName to = from.dials.front();
  from.dials.pop_front();
  const std::size_t index = wires_.size();
  Wire& wire = wires_.emplace_back();
  wire.ends[0] = {node, from.connections->dialed(to, to.full(), now_ms_), {}};
  from.wires[wire.ends[0].link] = index;
  const auto accepted = nodes_.at(to.full()).connections->accepted(node, now_ms_);
  if (accepted) {
    wire.ends[1] = {to.full(), *accepted, {}};
    nodes_.at(to.full()).wires[*accepted] = index;
  }
  return index;
}

std::size_t Network::connect_to_stranger(const std::string& node) {
  Node& from = nodes_.at(node);
  const NodeName to = from.dials.front();
  from.dials.pop_front();
  const std::size_t index = wires_.size();
  Wire& wire = wires_.emplace_back();
  wire.ends[1] = {node, from.connections->dialed(to, to.full(), now_ms_), {}};
  from.wires[wire.ends[1].link] = index;
  drain(node);
  return index;
}

void Network::refuse(const std::string& node) {
  Node& from = nodes_.at(node);
  while (!from.dials.empty()) {
    const NodeName to = from.dials.front();
    from.dials.pop_front();
    from.connections->dial_failed(to, {dist_errc::connect_failed, {}}, now_ms_);
  }
  drain(node);
}

std::size_t Network::connect_stranger(const std::string& node) {
  const std::size_t index = wires_.size();
  Wire& wire = wires_.emplace_back();
  const auto accepted = nodes_.at(node).connections->accepted("stranger", now_ms_);
  if (!accepted) {
    wire.open = false;
    return index;
  }
  wire.ends[1] = {node, *accepted, {}};
  nodes_.at(node).wires[*accepted] = index;
  drain(node);
  return index;
}

void Network::say(std::size_t wire, const Bytes& bytes) {
  append(wires_.at(wire).ends[1].inbound, bytes);
  settle();
}

void Network::drain(const std::string& node) {
  take_events(node);
  take_output(node);
}

void Network::take_events(const std::string& node) {
  Node& self = nodes_.at(node);
  while (auto event = self.connections->next_event(now_ms_)) {
    if (const auto* dial = std::get_if<Dial>(&*event)) {
      self.dials.push_back(dial->peer);
    } else if (const auto* up = std::get_if<PeerUp>(&*event)) {
      self.log.push_back("up " + up->peer.name.full());
      self.up_links[up->peer.name.full()] = up->link;
    } else if (const auto* down = std::get_if<PeerDown>(&*event)) {
      self.log.push_back((down->left ? "left " : "down ") + down->peer.name.full() + ": " +
                         down->reason.code.message());
    } else if (const auto* failed = std::get_if<AttemptFailed>(&*event)) {
      if (failed->answers != 0) self.answered.push_back(failed->answers);
      self.log.push_back(std::string(failed->dialed ? "dial " : "failed ") +
                         (failed->peer ? failed->peer->full() : "-") + ": " +
                         failed->reason.code.message());
    } else if (const auto* frame = std::get_if<PeerFrame>(&*event)) {
      self.frames.push_back(to_text(frame->frame.control));
    } else if (const auto* closing = std::get_if<CloseSocket>(&*event)) {
      self.closings.push_back(*closing);
      const auto wire = self.wires.find(closing->link);
      if (wire == self.wires.end()) {  // closed in the very call of dialed
        self.connections->peer_closed(closing->link, now_ms_);
        continue;
      }
      take_output(node);
      close(wire->second, node);
    }
  }
}

void Network::take_output(const std::string& node) {
  Node& self = nodes_.at(node);
  for (const LinkId link : self.connections->take_writable()) {
    const auto index = self.wires.find(link);
    if (index == self.wires.end()) continue;
    Wire& wire = wires_[index->second];
    End& other =
        wire.ends[0].node == node && wire.ends[0].link == link ? wire.ends[1] : wire.ends[0];
    while (true) {
      const Bytes bytes = joined(self.connections->take_output(link));
      if (bytes.empty()) break;
      append(other.inbound, bytes);
      self.connections->written(link, bytes.size(), now_ms_);
    }
  }
}

// What is on its way to the other end still arrives.
void Network::close(std::size_t index, const std::string& by) {
  Wire& wire = wires_[index];
  wire.open = false;
  for (End& end : wire.ends) {
    if (end.node == by) {
      end.node.clear();
      end.inbound.clear();
    }
  }
}

bool Network::deliver(Wire& wire, std::size_t piece) {
  if (wire.held) return false;
  bool moved = false;
  for (End& end : wire.ends) {
    if (end.inbound.empty()) {
      if (!wire.open && !end.node.empty()) {
        const std::string node = std::exchange(end.node, {});
        nodes_.at(node).connections->peer_closed(end.link, now_ms_);
        drain(node);
        moved = true;
      }
      continue;
    }
    moved = true;
    const std::size_t size = std::min(piece, end.inbound.size());
    const Bytes bytes(end.inbound.begin(), end.inbound.begin() + static_cast<std::ptrdiff_t>(size));
    end.inbound.erase(end.inbound.begin(), end.inbound.begin() + static_cast<std::ptrdiff_t>(size));
    if (end.node.empty()) {
      append(wire.heard, bytes);
      continue;
    }
    const std::string node = end.node;
    nodes_.at(node).connections->feed(end.link, bytes, now_ms_);
    drain(node);
  }
  return moved;
}

void Network::deliver_to(std::size_t index, const std::string& node) {
  for (End& end : wires_[index].ends) {
    if (end.node != node) continue;
    const Bytes bytes = std::exchange(end.inbound, {});
    nodes_.at(node).connections->feed(end.link, bytes, now_ms_);
    drain(node);
  }
}

void Network::settle(std::size_t piece) {
  for (auto& [name, node] : nodes_) drain(name);
  bool moved = true;
  while (moved) {
    moved = false;
    for (std::size_t i = 0; i < wires_.size(); ++i) moved = deliver(wires_[i], piece) || moved;
  }
}

void Network::advance(std::int64_t milliseconds) {
  now_ms_ += milliseconds;
  for (auto& [name, node] : nodes_) {
    node.connections->wake(now_ms_);
    drain(name);
  }
  settle();
}

}  // namespace groot::dist::test
