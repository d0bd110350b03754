#include "cnode/process/discovery.hpp"

#include <algorithm>

#include "cnode/process/limits.hpp"

namespace groot::process {

Discovery::Discovery(const NodeName& self, Outbox& outbox, Peers& peers, Requests& requests,
                     const std::vector<std::string>& known, const std::vector<NodeName>& kept)
    : self_(self),
      outbox_(outbox),
      peers_(peers),
      requests_(requests),
      question_(requests.encode_call("erlang", "nodes", {})),
      kept_(kept.begin(), kept.end()) {
  for (const std::string& node : known) {
    if (const auto name = NodeName::parse(node)) keep(*name);
  }
}

void Discovery::peer_up(const Peer& peer, const Now& now) {
  now_ = now;
  left_alone_until_.erase(peer.info.name);
  if (peers_.all().size() == 1) {
    // Until now there was nobody to see them.
    for (auto& [node, seen_ms] : seen_ms_) seen_ms = now.monotonic_ms;
    next_check_ms_ = now.monotonic_ms + discovered_check_interval_ms;
  }
  if (peer.info.visible()) keep(peer.info.name);
  ask(peer, now);
}

void Discovery::peer_down(const dist::PeerInfo& peer, bool left, const Now& now) {
  now_ = now;
  const auto found = seen_ms_.find(peer.name);
  if (found != seen_ms_.end()) found->second = now.monotonic_ms;
  if (!left || !peer.visible() || peers_.find(peer.name.full()) != nullptr) return;
  left_alone_until_[peer.name] = now.monotonic_ms + left_alone_ms;
  forget(peer.name);
}

void Discovery::wake(const Now& now) {
  now_ = now;
  std::erase_if(left_alone_until_,
                [&now](const auto& entry) { return entry.second <= now.monotonic_ms; });
  if (peers_.all().empty() || now.monotonic_ms < next_ms_) return;
  next_ms_ = now.monotonic_ms + discovery_interval_ms;
  for (const auto& [link, peer] : peers_.all()) ask(peer, now);
  if (now.monotonic_ms < next_check_ms_) return;
  next_check_ms_ = now.monotonic_ms + discovered_check_interval_ms;
  forget_unseen();
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
          learn(link, *answer, then);
        } else if (const Peer* asked = peers_.find(link)) {
          outbox_.log_repeated(
              asked->name(), "nodes",
              asked->name() + " does not say which nodes it sees: " + answer.error().text());
        }
      });
}

void Discovery::learn(LinkId from, const Term& nodes, const Now& now) {
  now_ = now;
  const auto* list = nodes.get_if<ei_codec::List>();
  Peer* peer = peers_.find(from);
  if (!list || !peer) return;
  peer->sees.clear();
  for (const Term& element : list->elements) {
    const auto* node = element.get_if<ei_codec::Atom>();
    if (!node) continue;
    if (peer->sees.size() >= discovered_through_one_max) break;
    peer->sees.push_back(node->name);
    if (const auto name = NodeName::parse(node->name)) found(*peer, *name);
  }
  std::ranges::sort(peer->sees);
}

void Discovery::named(LinkId from, const std::vector<std::string>& nodes) {
  const Peer* peer = peers_.find(from);
  if (!peer) return;
  for (std::size_t i = 0; i < std::min(nodes.size(), discovered_through_one_max); ++i) {
    if (const auto name = NodeName::parse(nodes[i])) found(*peer, *name);
  }
}

void Discovery::found(const Peer& through, const NodeName& node) {
  if (!keep(node) || node == through.info.name) return;
  outbox_.log(LogLine::Level::info, "found " + node.full() + " through " + through.name());
}

bool Discovery::keep(const NodeName& node) {
  const auto known = seen_ms_.find(node);
  if (known != seen_ms_.end()) {
    known->second = now_.monotonic_ms;
    return false;
  }
  if (node == self_ || kept_.contains(node) || left_alone_until_.contains(node) || !make_room())
    return false;
  seen_ms_.emplace(node, now_.monotonic_ms);
  outbox_.act(KeepConnected{node});
  return true;
}

bool Discovery::make_room() {
  if (seen_ms_.size() < discovered_max) return true;
  std::set<std::string_view> linked;
  for (const auto& [link, peer] : peers_.all()) linked.insert(peer.name());
  auto oldest = seen_ms_.end();
  for (auto known = seen_ms_.begin(); known != seen_ms_.end(); ++known) {
    if (linked.contains(known->first.full())) continue;
    if (oldest == seen_ms_.end() || known->second < oldest->second) oldest = known;
  }
  const bool has_room = oldest != seen_ms_.end() &&
                        now_.monotonic_ms - oldest->second >= discovered_unseen_if_full_ms;
  outbox_.log_repeated(self_.full(), "names",
                       "peers name more than " + std::to_string(discovered_max) + " nodes: " +
                           (has_room ? "those that nobody sees any more are forgotten"
                                     : "what is new is not connected to"));
  if (has_room) forget(NodeName(oldest->first));
  return has_room;
}

void Discovery::forget(const NodeName& node) {
  if (seen_ms_.erase(node) > 0) outbox_.act(Release{node});
}

std::set<std::string_view> Discovery::seen_by_ours() const {
  std::set<std::string_view> seen;
  for (const auto& [link, peer] : peers_.all()) {
    seen.insert(peer.name());
    seen.insert(peer.linked.begin(), peer.linked.end());
  }
  return seen;
}

void Discovery::forget_unseen() {
  const std::int64_t until_ms = now_.monotonic_ms - discovered_unseen_ms;
  // They say whom they see when that changes, and not again.
  const auto seen = seen_by_ours();
  std::vector<NodeName> unseen;
  for (auto& [node, seen_ms] : seen_ms_) {
    if (seen.contains(node.full())) seen_ms = now_.monotonic_ms;
    if (seen_ms <= until_ms) unseen.push_back(node);
  }
  for (const NodeName& node : unseen) forget(node);
}

}  // namespace groot::process
