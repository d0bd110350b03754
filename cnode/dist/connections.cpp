#include "cnode/dist/connections.hpp"

#include <algorithm>
#include <utility>

#include "cnode/dist/connections_impl.hpp"
#include "cnode/dist/limits.hpp"
#include "ei_codec/caught.hpp"

namespace groot::dist {

Connections::Connections(ConnectionsOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}

Connections::~Connections() = default;

void Connections::keep(const NodeName& name, std::int64_t) {
  impl_->keep(name, &Impl::Peer::for_good);
}

void Connections::keep_found(const NodeName& name, std::int64_t) {
  impl_->keep(name, &Impl::Peer::found);
}

void Connections::release(const NodeName& name) {
  Impl::Peer* const peer = impl_->find_peer(name);
  if (peer == nullptr || !std::exchange(peer->found, false) || peer->for_good) return;
  if (!peer->gave_way_to) peer->next_dial_ms.reset();
  if (peer->once == 0) impl_->stop_waiting(name, *peer);
  peer->anew = false;
  impl_->forget_if_unneeded(name);
}

bool Connections::connect_once(const NodeName& name, AskNumber asker, std::int64_t now_ms) {
  if (name == impl_->options.self.name) return true;
  Impl::Peer& peer = impl_->peers[name];
  if (peer.up != 0) return true;
  if (impl_->stopping) {
    impl_->events.emplace_back(AttemptFailed{.peer = name,
                                             .address = {},
                                             .reason = {dist_errc::stopping, {}},
                                             .dialed = true,
                                             .answers = asker});
    impl_->forget_if_unneeded(name);
    return false;
  }
  peer.redial.start_over(now_ms);
  if (peer.is_under_way()) {
    peer.once_more = asker;
  } else {
    peer.once = asker;
    impl_->dial(name, peer);
  }
  return false;
}

bool Connections::disconnect(const NodeName& name, std::int64_t now_ms) {
  Impl::Peer* const peer = impl_->find_peer(name);
  if (peer == nullptr) return false;
  const Error reason{dist_errc::requested, {}};
  const AskNumber awaited = std::max(peer->once, std::exchange(peer->once_more, 0));
  peer->once = 0;
  peer->anew = false;
  peer->dialing = false;
  impl_->stop_waiting(name, *peer);
  peer->gave_way_to.reset();
  peer->next_dial_ms.reset();
  const LinkId up = peer->up;
  const LinkId attempt = peer->attempt;
  if (attempt != 0) {
    peer->once = awaited;
    impl_->end(attempt, reason, now_ms);
  } else if (awaited != 0) {
    impl_->events.emplace_back(AttemptFailed{
        .peer = name, .address = {}, .reason = reason, .dialed = true, .answers = awaited});
  }
  if (up != 0) impl_->end(up, reason, now_ms);
  impl_->drop_unproved(name, 0);
  impl_->forget_if_unneeded(name);
  Impl::Peer* const left = impl_->find_peer(name);
  if (left != nullptr && left->is_kept()) impl_->dial_at(*left, now_ms + disconnect_pause_ms);
  return true;
}

void Connections::set_cookie(const std::optional<NodeName>& name, std::string cookie,
                             std::int64_t now_ms) {
  if (name) {
    impl_->cookies[*name] = std::move(cookie);
  } else {
    impl_->options.cookie = std::move(cookie);
  }
  for (auto& [each, peer] : impl_->peers) {
    if (peer.up != 0 || (name && each != *name)) continue;
    peer.redial.start_over(now_ms);
    // Where its handshake has begun the attempt under way has the cookie of before.
    peer.anew = peer.is_kept() && (peer.attempt != 0 || peer.gave_way_to);
    if (peer.next_dial_ms && !peer.gave_way_to) {
      impl_->dial_at(peer, std::min(*peer.next_dial_ms, now_ms));
    }
  }
}

LinkId Connections::dialed(const NodeName& name, std::string address, std::int64_t now_ms) {
  impl_->dial_is_over(name);
  Impl::Peer* const peer = impl_->find_peer(name);
  if (peer == nullptr || !peer->dialing) {
    // No longer wanted: the peer's own connection was quicker, or the user disconnected.
    const LinkId id = impl_->next_id++;
    impl_->events.emplace_back(CloseSocket{id});
    return id;
  }
  peer->dialing = false;
  const LinkId theirs = impl_->unproved(name);
  if (theirs != 0 && !std::exchange(peer->insists, false)) {
    impl_->give_way(*peer, theirs, now_ms);
    const LinkId id = impl_->next_id++;
    impl_->events.emplace_back(CloseSocket{id});
    return id;
  }
  // From here on the peer hears our name. If ours is the greater one, that ends its attempt.
  if (impl_->options.self.name > name) impl_->drop_unproved(name, 0);
  auto link = std::make_unique<Link>(
      impl_->options.self, name, impl_->cookie_for(name), impl_->options.random(), now_ms,
      [impl = impl_.get()](std::uint32_t challenge) { return impl->has_given_out(challenge); });
  const LinkId id = impl_->add(std::move(link), std::move(address), name);
  peer->attempt = id;
  impl_->note_output(id, impl_->links.at(id));
  return id;
}

void Connections::dial_failed(const NodeName& name, Error reason, std::int64_t now_ms) {
  impl_->dial_is_over(name);
  Impl::Peer* const peer = impl_->find_peer(name);
  if (peer == nullptr || !peer->dialing) return;
  peer->dialing = false;
  impl_->attempt_failed(name, {}, std::move(reason), now_ms);
}

std::optional<LinkId> Connections::accepted(std::string address, std::int64_t now_ms) {
  if (impl_->stopping) return std::nullopt;
  impl_->make_room();
  auto link = std::make_unique<Link>(impl_->options.self, impl_->options.random(), now_ms);
  return impl_->add(std::move(link), std::move(address), std::nullopt);
}

void Connections::feed(LinkId id, ByteView bytes, std::int64_t now_ms) {
  Impl::Connection* const connection = impl_->find(id);
  if (connection == nullptr) return;
  try {
    connection->link->feed(bytes, now_ms);
  } catch (...) {
    connection->link->give_up(caught_error());
  }
  impl_->touch(id);
}

void Connections::give_up(LinkId id, Error reason) {
  Impl::Connection* const connection = impl_->find(id);
  if (connection == nullptr) return;
  connection->link->give_up(std::move(reason));
  impl_->touch(id);
}

void Connections::peer_closed(LinkId id, std::int64_t now_ms) {
  impl_->last_words.erase(id);
  Impl::Connection* const connection = impl_->find(id);
  if (connection == nullptr) return;
  connection->was_silent = connection->link->is_silent(now_ms);
  connection->link->peer_closed(now_ms);
  impl_->touch(id);
}

std::optional<ConnectionEvent> Connections::next_event(std::int64_t now_ms) {
  while (impl_->events.empty() && !impl_->touched.empty()) {
    const LinkId id = impl_->touched.front();
    Impl::Connection* connection = impl_->find(id);
    std::optional<LinkEvent> event;
    try {
      if (connection != nullptr) event = connection->link->next_event();
    } catch (...) {
      connection->link->give_up(caught_error());
      continue;
    }
    if (event) {
      impl_->on_event(id, std::move(*event), now_ms);
    } else {
      impl_->touched.pop_front();
      if (connection != nullptr) connection->touched = false;
    }
    // Reading answers by itself, too: not every reply of a handshake comes with an event.
    connection = impl_->find(id);
    if (connection != nullptr) impl_->note_output(id, *connection);
  }
  if (impl_->events.empty()) impl_->start_dials();
  if (impl_->events.empty()) return std::nullopt;
  ConnectionEvent event = std::move(impl_->events.front());
  impl_->events.pop_front();
  return event;
}

void Connections::send(LinkId id, const Control& control, SharedMessage message) {
  impl_->send(id, [&](Link& link) { link.send(control, std::move(message)); });
}

void Connections::send(std::span<const LinkId> ids, const Control& control, SharedMessage message) {
  Broadcast broadcast(control, std::move(message));
  for (const LinkId id : ids) {
    impl_->send(id, [&](Link& link) { link.send(broadcast); });
  }
}

std::vector<LinkId> Connections::take_writable() {
  return std::exchange(impl_->writable, {});
}

std::vector<OutputChunk> Connections::take_output(LinkId id, std::vector<OutputChunk> emptied) {
  if (Impl::Connection* const connection = impl_->find(id)) {
    connection->writable = false;
    return connection->link->take_output(std::move(emptied));
  }
  const auto found = impl_->last_words.find(id);
  if (found == impl_->last_words.end()) return {};
  std::vector<OutputChunk> chunks = std::move(found->second);
  impl_->last_words.erase(found);
  return chunks;
}

bool Connections::written(LinkId id, std::size_t bytes, std::int64_t now_ms) {
  Impl::Connection* const connection = impl_->find(id);
  if (connection == nullptr) return impl_->last_words.contains(id);
  connection->link->written(bytes, now_ms);
  return connection->link->has_output();
}

bool Connections::await_room(LinkId id) {
  Impl::Connection* const connection = impl_->find(id);
  if (connection == nullptr || !connection->link->is_up()) return false;
  impl_->set_awaits_room(*connection, !connection->has_room());
  return !connection->awaits_room;
}

bool Connections::room_again(LinkId id) {
  if (impl_->awaiting_room == 0) return false;
  Impl::Connection* const connection = impl_->find(id);
  if (connection == nullptr || !connection->awaits_room || !connection->has_room()) return false;
  impl_->set_awaits_room(*connection, false);
  return true;
}

void Connections::wake(std::int64_t now_ms) {
  if (!impl_->deadlines.is_due(now_ms)) return;
  for (auto& [id, connection] : impl_->links) {
    connection.link->wake(now_ms);
    impl_->touch(id);
    impl_->note_output(id, connection);
  }
  std::vector<NodeName> due;
  for (const auto& [name, peer] : impl_->peers) {
    if (peer.next_dial_ms && *peer.next_dial_ms <= now_ms) due.push_back(name);
  }
  for (const NodeName& name : due) {
    Impl::Peer& peer = impl_->peers.at(name);
    if (peer.gave_way_to) {
      impl_->attempt_failed(name, {}, {dist_errc::nok, "and the peer's own did not come"}, now_ms);
    } else {
      impl_->dial(name, peer);
    }
  }
  impl_->deadlines.clear();
  for (const auto& [id, connection] : impl_->links) {
    impl_->deadlines.add(connection.link->next_deadline_ms());
  }
  for (const auto& [name, peer] : impl_->peers) impl_->deadlines.add(peer.next_dial_ms);
}

std::optional<std::int64_t> Connections::next_deadline_ms() const {
  return impl_->deadlines.ms();
}

void Connections::stop(std::int64_t now_ms) {
  impl_->stopping = true;
  std::vector<NodeName> waiting;
  for (auto& [name, peer] : impl_->peers) {
    peer.for_good = peer.found = false;
    peer.next_dial_ms.reset();
    peer.once = std::max(peer.once, std::exchange(peer.once_more, 0));
    if (peer.queued || peer.dialing || peer.gave_way_to) waiting.push_back(name);
  }
  const Error reason{dist_errc::stopping, {}};
  for (const NodeName& name : waiting) {
    Impl::Peer& peer = impl_->peers.at(name);
    impl_->stop_waiting(name, peer);
    peer.dialing = false;
    impl_->attempt_failed(name, {}, reason, now_ms);
  }
  std::vector<LinkId> all;
  for (const auto& [id, connection] : impl_->links) all.push_back(id);
  for (const LinkId id : all) impl_->end(id, reason, now_ms);
  impl_->deadlines.clear();
}

std::vector<PeerInfo> Connections::peers() const {
  std::vector<PeerInfo> infos;
  for (const auto& [id, connection] : impl_->links) {
    if (connection.up) infos.push_back(connection.link->peer());
  }
  return infos;
}

}  // namespace groot::dist
