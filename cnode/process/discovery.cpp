#include "cnode/process/discovery.hpp"

#include "cnode/process/limits.hpp"

namespace groot::process {

Discovery::Discovery(const NodeName& self, Outbox& outbox, Peers& peers, Requests& requests)
    : self_(self),
      outbox_(outbox),
      peers_(peers),
      requests_(requests),
      question_(requests.encode_call("erlang", "nodes", {})) {}

void Discovery::peer_up(const Peer& peer, const Now& now) {
  unwanted_.erase(peer.info.name);
  ask(peer.link, now);
}

void Discovery::wake(const Now& now) {
  if (peers_.all().empty() || now.monotonic_ms < next_ms_) return;
  next_ms_ = now.monotonic_ms + discovery_interval_ms;
  for (const auto& [link, peer] : peers_.all()) ask(link, now);
}

std::optional<std::int64_t> Discovery::next_wake_ms() const {
  return peers_.all().empty() ? std::nullopt : std::optional(next_ms_);
}

void Discovery::ask(LinkId link, const Now& now) {
  requests_.call_encoded(
      link, question_, now, [this, link](const Result<Term>& answer, const Now& then) {
        if (answer) {
          learn(link, *answer);
        } else if (const Peer* peer = peers_.find(link)) {
          outbox_.log_limited(
              peer->name(), "nodes",
              peer->name() + " does not say which nodes it sees: " + answer.error().text(), then);
        }
      });
}

void Discovery::learn(LinkId from, const Term& nodes) {
  const auto* list = nodes.get_if<ei_codec::List>();
  const Peer* peer = peers_.find(from);
  if (!list || !peer) return;
  for (const Term& element : list->elements) {
    const auto* node = element.get_if<ei_codec::Atom>();
    if (!node) continue;
    const auto name = NodeName::parse(node->name);
    if (!name || *name == self_ || unwanted_.contains(*name)) continue;
    if (known_.size() >= discovered_max || !known_.insert(*name).second) continue;
    outbox_.log(LogLine::Level::info, "found " + name->full() + " through " + peer->name());
    outbox_.act(KeepConnected{*name});
  }
}

void Discovery::disconnected(const NodeName& node) {
  known_.erase(node);
  unwanted_.insert(node);
}

void Discovery::wanted(const NodeName& node) {
  unwanted_.erase(node);
}

}  // namespace groot::process
