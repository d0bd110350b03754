#include "cnode/process/discovery.hpp"

#include <algorithm>

#include "cnode/process/limits.hpp"

namespace groot::process {

Discovery::Discovery(const NodeName& self, Outbox& outbox, Peers& peers, Requests& requests)
    : self_(self),
      outbox_(outbox),
      peers_(peers),
      requests_(requests),
      question_(requests.encode_call("erlang", "nodes", {})) {}

void Discovery::peer_up(const Peer& peer, const Now& now) {
  if (peer.info.visible()) keep(peer, peer.info.name);
  ask(peer, now);
}

void Discovery::wake(const Now& now) {
  if (peers_.all().empty() || now.monotonic_ms < next_ms_) return;
  next_ms_ = now.monotonic_ms + discovery_interval_ms;
  for (const auto& [link, peer] : peers_.all()) ask(peer, now);
}

std::optional<std::int64_t> Discovery::next_wake_ms() const {
  return peers_.all().empty() ? std::nullopt : std::optional(next_ms_);
}

void Discovery::ask(const Peer& peer, const Now& now) {
  if (!peer.info.can_be_asked()) return;
  requests_.call_encoded(
      peer.link, question_, now,
      [this, link = peer.link](const Result<Term>& answer, const Now& then) {
        if (answer) {
          learn(link, *answer);
        } else if (const Peer* asked = peers_.find(link)) {
          outbox_.log_limited(
              asked->name(), "nodes",
              asked->name() + " does not say which nodes it sees: " + answer.error().text(), then);
        }
      });
}

void Discovery::learn(LinkId from, const Term& nodes) {
  const auto* list = nodes.get_if<ei_codec::List>();
  Peer* peer = peers_.find(from);
  if (!list || !peer) return;
  peer->sees.clear();
  for (const Term& element : list->elements) {
    const auto* node = element.get_if<ei_codec::Atom>();
    if (!node) continue;
    if (peer->sees.size() < discovered_max) peer->sees.push_back(node->name);
    if (const auto name = NodeName::parse(node->name)) keep(*peer, *name);
  }
  std::ranges::sort(peer->sees);
}

void Discovery::named(LinkId from, const std::vector<std::string>& nodes) {
  const Peer* peer = peers_.find(from);
  if (!peer) return;
  for (const std::string& node : nodes) {
    if (const auto name = NodeName::parse(node)) keep(*peer, *name);
  }
}

void Discovery::keep(const Peer& from, const NodeName& node) {
  if (node == self_ || known_.size() >= discovered_max || !known_.insert(node).second) return;
  if (node != from.info.name) {
    outbox_.log(LogLine::Level::info, "found " + node.full() + " through " + from.name());
  }
  outbox_.act(KeepConnected{node});
}

}  // namespace groot::process
