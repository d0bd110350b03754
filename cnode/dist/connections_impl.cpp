// Theory. Between two nodes there is at most one link. Both may open connections at the same time,
// and a node that restarted may connect while its old link still looks alive. Who wins:
//
//   - The peer has told its name when ours connects: the peer's. Ours is closed without a word, and
//     dialled again, to stay, should the peer's come to nothing.
//   - Both opened one, and each told the other its name: the connection opened by the node with the
//     greater name. The acceptor that has the greater name answers `nok` and goes on with its own
//     attempt; the initiator that got `nok` waits for the other connection for the set-up time.
//   - A connection of a node that has a link: `alive`. When the peer says that it means it, and
//     proves the cookie, the new connection takes the old one's place.
//
// Anyone can claim a name; only the cookie proves it. So an accepted connection does not end our
// own attempt, nor another accepted one, before it is up. A BEAM gives up its attempt already when
// it answers `ok_simultaneous`; the peer, whose attempt wins, answers ours with `nok` anyway.
#include "cnode/dist/connections_impl.hpp"

#include <utility>

#include "cnode/dist/limits.hpp"
#include "cnode/dist/overloaded.hpp"

namespace groot::dist {

Connections::Impl::Peer* Connections::Impl::find_peer(const NodeName& name) {
  const auto found = peers.find(name);
  return found == peers.end() ? nullptr : &found->second;
}

void Connections::Impl::forget_if_unneeded(const NodeName& name) {
  const auto found = peers.find(name);
  if (found != peers.end() && !found->second.is_needed()) peers.erase(found);
}

const std::string& Connections::Impl::cookie_for(const NodeName& peer) const {
  const auto own = cookies.find(peer);
  return own == cookies.end() ? options.cookie : own->second;
}

void Connections::Impl::keep(const NodeName& name, bool Peer::*how) {
  if (stopping || name == options.self.name) return;
  Peer& peer = peers[name];
  const bool was_kept = peer.is_kept();
  peer.*how = true;
  if (!was_kept && peer.up == 0 && !peer.is_trying()) dial(name, peer);
}

void Connections::Impl::dial(const NodeName& name, Peer& peer) {
  peer.gave_way_to.reset();
  peer.next_dial_ms.reset();
  peer.queued = true;
  dial_queue.add(name, peer.once != 0 ? DialClass::asked
                       : peer.failed  ? DialClass::again
                                      : DialClass::first);
}

void Connections::Impl::stop_waiting(const NodeName& name, Peer& peer) {
  if (std::exchange(peer.queued, false)) dial_queue.remove(name);
}

void Connections::Impl::start_dials() {
  while (const auto name = dial_queue.take(dials.size() + handshakes)) {
    Peer& peer = peers.at(*name);
    peer.queued = false;
    peer.dialing = true;
    dials.insert(*name);
    events.emplace_back(Dial{*name, peer.failed});
  }
}

void Connections::Impl::dial_is_over(const NodeName& name) {
  const auto under_way = dials.find(name);
  if (under_way != dials.end()) dials.erase(under_way);
}

void Connections::Impl::attempt_failed(const NodeName& name, std::string address, Error reason,
                                       std::int64_t now_ms) {
  Peer& peer = peers.at(name);
  const std::error_code code = reason.code;
  events.emplace_back(AttemptFailed{.peer = name,
                                    .address = std::move(address),
                                    .reason = std::move(reason),
                                    .dialed = true,
                                    .answers = peer.once});
  peer.once = std::exchange(peer.once_more, 0);
  peer.gave_way_to.reset();
  peer.insists = false;
  peer.failed = true;
  if ((std::exchange(peer.anew, false) || peer.once != 0) && !stopping) {
    dial(name, peer);
  } else {
    dial_later(peer, code, now_ms);
    forget_if_unneeded(name);
  }
}

void Connections::Impl::dial_later(Peer& peer, const std::error_code& reason, std::int64_t now_ms) {
  peer.next_dial_ms.reset();
  if (!peer.is_kept() || stopping) return;
  const Obstacle obstacle = is_refusal(reason)          ? Obstacle::refusal
                            : peer.met || peer.for_good ? Obstacle::away
                                                        : Obstacle::never_met;
  dial_at(peer, peer.redial.next_dial_ms(obstacle, now_ms, options.random()));
}

void Connections::Impl::dial_at(Peer& peer, std::int64_t at_ms) {
  peer.next_dial_ms = at_ms;
  deadlines.add(at_ms);
}

void Connections::Impl::give_way(Peer& peer, LinkId to, std::int64_t now_ms) {
  peer.gave_way_to = to;
  dial_at(peer, now_ms + handshake_timeout_ms);
}

Connections::Impl::Connection* Connections::Impl::find(LinkId id) {
  const auto found = links.find(id);
  return found == links.end() ? nullptr : &found->second;
}

LinkId Connections::Impl::add(std::unique_ptr<Link> link, std::string address,
                              std::optional<NodeName> peer) {
  const LinkId id = next_id++;
  const bool dialed = peer.has_value();
  if (dialed) ++handshakes;
  deadlines.add(link->next_deadline_ms());
  links.emplace(id, Connection{.link = std::move(link),
                               .dialed = dialed,
                               .address = std::move(address),
                               .peer = std::move(peer)});
  touch(id);
  return id;
}

void Connections::Impl::touch(LinkId id) {
  Connection& connection = links.at(id);
  if (!std::exchange(connection.touched, true)) touched.push_back(id);
}

void Connections::Impl::note_output(LinkId id, Connection& connection) {
  if (connection.writable || !connection.link->has_output()) return;
  connection.writable = true;
  writable.push_back(id);
}

bool Connections::Impl::has_given_out(std::uint32_t challenge) const {
  for (const auto& [id, connection] : links) {
    if (connection.link->open_challenge() == challenge) return true;
  }
  return false;
}

Connections::Impl::Connection Connections::Impl::remove(LinkId id, bool at_once) {
  Connection connection = std::move(links.at(id));
  links.erase(id);
  set_awaits_room(connection, false);
  if (connection.dialed && !connection.up) --handshakes;
  if (connection.link->has_output() && !at_once) {
    last_words[id] = connection.link->take_last_output();
    writable.push_back(id);
  }
  if (connection.peer) {
    if (Peer* peer = find_peer(*connection.peer)) {
      if (peer->attempt == id) peer->attempt = 0;
      if (peer->up == id) peer->up = 0;
      if (peer->replacement == id) peer->replacement = 0;
      if (peer->gave_way_to == id) {
        peer->insists = true;
        dial(*connection.peer, *peer);
      }
    }
  }
  events.emplace_back(CloseSocket{id, !connection.dialed && !connection.up, at_once});
  return connection;
}

void Connections::Impl::take_down(LinkId id, Error reason, std::int64_t now_ms, bool left) {
  const Connection connection = remove(id);
  const NodeName name = *connection.peer;
  const std::error_code code = reason.code;
  events.emplace_back(PeerDown{id, connection.link->peer(), std::move(reason), left});
  if (Peer* peer = find_peer(name)) {
    peer->redial.lost(now_ms);
    if (!peer->is_trying()) dial_later(*peer, code, now_ms);
    forget_if_unneeded(name);
  }
}

void Connections::Impl::drop(LinkId id) {
  const Connection connection = remove(id);
  if (connection.peer) forget_if_unneeded(*connection.peer);
}

LinkId Connections::Impl::unproved(const NodeName& name) const {
  LinkId newest = 0;
  for (const auto& [id, connection] : links) {
    if (!connection.dialed && !connection.up && connection.peer == name) newest = id;
  }
  return newest;
}

void Connections::Impl::drop_unproved(const NodeName& name, LinkId except) {
  std::vector<LinkId> needless;
  for (const auto& [id, connection] : links) {
    if (id != except && !connection.dialed && !connection.up && connection.peer == name) {
      needless.push_back(id);
    }
  }
  for (const LinkId id : needless) drop(id);
}

void Connections::Impl::end(LinkId id, const Error& reason, std::int64_t now_ms) {
  const Connection& connection = links.at(id);
  if (connection.up) {
    take_down(id, reason, now_ms);
  } else {
    const NodeName name = connection.peer.value_or(NodeName());
    const bool dialed = connection.dialed;
    const std::string address = connection.address;
    remove(id);
    if (dialed && find_peer(name) != nullptr) attempt_failed(name, address, reason, now_ms);
  }
}

void Connections::Impl::on_name(LinkId id, const PeerInfo& info, std::int64_t now_ms) {
  Connection& connection = links.at(id);
  connection.peer = info.name;
  Peer* const peer = find_peer(info.name);
  const auto answer = [&](NameAnswer how) {
    connection.link->answer_name(how, cookie_for(info.name), now_ms);
  };
  if (info.name == options.self.name) return answer(NameAnswer::not_allowed);
  if (peer != nullptr && peer->up != 0) {
    if (peer->replacement != 0) {
      connection.link->close({dist_errc::not_wanted, "one more connection than two"});
      return;
    }
    peer->replacement = id;
    return answer(NameAnswer::alive);
  }
  if (peer != nullptr && peer->attempt != 0) {
    return answer(options.self.name > info.name ? NameAnswer::nok : NameAnswer::ok_simultaneous);
  }
  answer(NameAnswer::ok);
}

void Connections::Impl::on_replacement(const PeerInfo& info, std::int64_t now_ms) {
  const Peer& peer = peers.at(info.name);
  if (peer.up != 0) take_down(peer.up, {dist_errc::replaced, {}}, now_ms);
}

void Connections::Impl::on_up(LinkId id, const PeerInfo& info, std::int64_t now_ms) {
  Connection& connection = links.at(id);
  connection.up = true;
  if (connection.dialed) --handshakes;
  deadlines.add(connection.link->next_deadline_ms());
  Peer& peer = peers[info.name];
  peer.replacement = 0;
  peer.up = id;
  peer.gave_way_to.reset();
  peer.insists = false;
  drop_unproved(info.name, id);
  if (peer.attempt == id) {
    peer.attempt = 0;
  } else if (peer.attempt != 0) {
    drop(peer.attempt);
  }
  stop_waiting(info.name, peer);
  peer.dialing = false;
  peer.once = peer.once_more = 0;
  peer.anew = peer.failed = false;
  peer.met = true;
  peer.next_dial_ms.reset();
  peer.redial.connected(now_ms);
  events.emplace_back(PeerUp{id, info});
}

void Connections::Impl::on_closed(LinkId id, Error reason, std::int64_t now_ms) {
  if (links.at(id).up) {
    const bool left = reason.code == dist_errc::peer_closed && !links.at(id).was_silent;
    return take_down(id, std::move(reason), now_ms, left);
  }
  const Connection connection = remove(id, reason.code == dist_errc::handshake_timeout);
  if (!connection.dialed) return accepted_failed(connection, std::move(reason));
  const NodeName& name = *connection.peer;
  if (reason.code == dist_errc::nok) {
    return give_way(peers.at(name), 0, now_ms);
  }
  attempt_failed(name, connection.address, std::move(reason), now_ms);
}

void Connections::Impl::accepted_failed(const Connection& connection, Error reason) {
  std::optional<NodeName> name = connection.peer;
  if (name) forget_if_unneeded(*name);
  // The name is known to the link even where it was turned away before anyone was asked.
  const NodeName& said = connection.link->peer().name;
  if (!name && !said.full().empty()) name = said;
  const Peer* const peer = name ? find_peer(*name) : nullptr;
  // Two attempts have become one: the one that ends now did not fail.
  const bool gave_way = reason.code == dist_errc::nok ||
                        (reason.code == dist_errc::peer_closed && peer != nullptr && peer->up != 0);
  // Closed without a word: it gave way to ours, or only asked whether the port is open.
  const bool unsaid = reason.code == dist_errc::peer_closed && !connection.link->has_heard();
  if (gave_way || unsaid) return;
  events.emplace_back(AttemptFailed{std::move(name), connection.address, std::move(reason), false});
}

void Connections::Impl::on_event(LinkId id, LinkEvent event, std::int64_t now_ms) {
  std::visit(overloaded{
                 [&](NameReceived& e) { on_name(id, e.peer, now_ms); },
                 [&](AliveReceived&) {
                   // The peer has a link to us that we do not know: what it has is dead.
                   const Peer* const peer = find_peer(*links.at(id).peer);
                   const bool wanted = peer == nullptr || peer->up == 0;
                   links.at(id).link->answer_alive(wanted, now_ms);
                 },
                 [&](ReplacementProved& e) { on_replacement(e.peer, now_ms); },
                 [&](Up& e) { on_up(id, e.peer, now_ms); },
                 [&](FrameReceived& e) {
                   events.emplace_back(PeerFrame{id, std::move(e.frame)});
                 },
                 [&](Closed& e) { on_closed(id, std::move(e.reason), now_ms); },
             },
             event);
}

void Connections::Impl::make_room() {
  std::size_t pending = 0;
  LinkId oldest = 0;
  LinkId oldest_nameless = 0;
  for (const auto& [id, connection] : links) {
    if (connection.dialed || connection.up) continue;
    ++pending;
    if (oldest == 0) oldest = id;
    if (oldest_nameless == 0 && !connection.peer) oldest_nameless = id;
  }
  if (pending < options.pending_max) return;
  const LinkId victim = oldest_nameless != 0 ? oldest_nameless : oldest;
  links.at(victim).link->close({dist_errc::handshake_timeout, "gave way to newer connections"});
  touch(victim);
}

}  // namespace groot::dist
