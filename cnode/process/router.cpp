#include "cnode/process/router.hpp"

#include <algorithm>

#include "cnode/dist/earliest.hpp"
#include "cnode/process/router_impl.hpp"

namespace groot::process {

Router::Impl::Impl(RouterOptions router_options, store::Replica& replica_used)
    : options(std::move(router_options)), replica(replica_used) {
  replica.tell_peers(false);  // until there is one
  for (const ServedProcess* process : served) names.emplace_back(process->name(), process->pid());
  add_groot_functions(functions, replica, store_requests, saves);
  node_functions.add_to(functions);
  process_functions.add_to(functions);
}

void Router::Impl::ready(Peer& peer, const Now& now) {
  if (peer.is_ours()) {
    replica.peer_up(peer.id, *peer.kind, now);
    remember(peer, now);
    replication.compare_tombstones(now);
    exchange.ready(peer, now);
    mesh.ready(peer, now);
    return;
  }
  ask_clock(requests, peer, replica, now);
  auto& last_storage = peers.last_storage(peer);
  const bool same_process = last_storage && last_storage->pid == *peer.storage;
  last_storage = {*peer.storage, *peer.kind};
  if (same_process) {
    replica.peer_back(peer.id, now);
  } else {
    replica.peer_up(peer.id, *peer.kind, now);
  }
  remember(peer, now);

  // A peer that sees us as visible sends its state when the link comes up, and its writes.
  const bool visible = peer.info.visible();
  const bool feeds = options.hidden_feed != HiddenFeed::off && !visible;
  // After a cut, what the same process no longer shows was deleted there: hear it before it is
  // told, or the deleted keys come back. The state that it shows says what else it lacks.
  if (!same_process || (!feeds && !visible)) replication.push_full_state(peer, now);
  if (!feeds) return;
  feed.start(peer, options.hidden_feed == HiddenFeed::announce, now);
  if (options.hidden_feed == HiddenFeed::tap) tap.install(peer, now);
}

void Router::Impl::remember(const Peer& peer, const Now& now) {
  const bool same = kept_peers.ready(peer, now);
  // One that cannot delete lacks for another reason what it lacks.
  const bool may_prove = same && peer.kind != store::PeerKind::stock_without_delete;
  store::Effects effects;
  replica.peer_memory(peer.id, may_prove, now, effects);
  replication.perform(std::move(effects), now);
}

void Router::Impl::tell_all_sent(const Peer& peer) {
  // From where the registers came: a large one must not be overtaken.
  const ServedPid from = peer.exchanges ? ServedPid::exchange : ServedPid::large_updates;
  outbox.send_to_name(peer.link, from, peer_process_name, encode_all_sent({replica.in_doubt()}));
}

void Router::Impl::round_over(const Peer& peer, const Now& now) {
  tell_all_sent(peer);
  // One of another version may never say that it has sent all.
  if (!peer.exchanges) replica.peer_level(peer.id, now);
  kept_peers.level(peer);
}

void Router::Impl::all_sent(LinkId link, const AllSent& message, const Now& now) {
  const Peer* peer = peers.find(link);
  if (!peer) return;
  // Whoever answers in an exchange learns by this that it has answered all; what it doubted on the
  // way counts, even where this decides it.
  if (peer->exchanges && !exchange.asks(*peer)) tell_all_sent(*peer);
  if (peer->exchanges && !message.doubts) replica.peer_level(peer->id, now);
  store::Effects effects;
  replica.peer_shown(peer->id, message.doubts, now, effects);
  replication.perform(std::move(effects), now);
  kept_peers.level(*peer);
}

void Router::Impl::storage_down(Peer& peer, const Now&) {
  feed.stop(peer.link);
  catch_up.stop(peer.link);
  tap.forget(peer.link);
  reclaimer.forget(peer.link);
  replica.peer_lost_data(peer.id);
}

void Router::Impl::peer_down(LinkId link, bool left, const Now& now) {
  const Peer* peer = peers.find(link);
  if (!peer) return;
  feed.stop(link);
  catch_up.stop(link);
  tap.forget(link);
  reclaimer.forget(link);
  probe.peer_down(link);
  peer_clocks.peer_down(*peer);
  replica.await_kinds(probe.awaits_hello());
  exchange.peer_down(link);
  replica.peer_unlinked(peer->id, now);
  mesh.peer_down(*peer, now);
  spawned.peer_down(link);
  const dist::PeerInfo info = peer->info;
  peers.remove(link, now);
  discovery.peer_down(info, left, now);
  replication.compare_tombstones(now);
  replica.tell_peers(!peers.all().empty());
  requests.peer_down(link, now);
}

bool Router::Impl::deliver(LinkId link, const std::optional<Pid>& from, const dist::Target& to,
                           ScannedTerm message, const Now& now) {
  const Peer* peer = peers.find(link);
  if (!peer) return false;
  const auto* name = std::get_if<ei_codec::Atom>(&to);
  const auto* pid = std::get_if<Pid>(&to);
  if (pid && (!outbox.is_ours(*pid) || pid->serial != 0)) return false;
  for (ServedProcess* process : served) {
    const bool is_it = name ? name->name == process->name()
                            : pid->id == static_cast<std::uint32_t>(process->pid());
    if (!is_it) continue;
    process->receive({link, peer->name(), from, message}, requests, now);
    return true;
  }
  // To an unknown name or pid: lost without a word, as on a BEAM.
  if (name && name->name == global_name_server_name) {
    global.receive(link, message);
  } else if (pid && pid->id == static_cast<std::uint32_t>(ServedPid::client)) {
    requests.receive(message, now);
  } else if (pid && pid->id == static_cast<std::uint32_t>(ServedPid::group_leader)) {
    answer_io_request(outbox, link, message);
  }
  return false;
}

void Router::Impl::on(LinkId link, const dist::Send& send, const Message& message, const Now& now) {
  if (message) deliver(link, send.from, send.to, *message, now);
}

void Router::Impl::on(LinkId link, const dist::RegSend& send, const Message& message,
                      const Now& now) {
  if (message) deliver(link, send.from, ei_codec::Atom{send.to}, *message, now);
}

void Router::Impl::on(LinkId link, const dist::SpawnRequest& request, const Message& message,
                      const Now& now) {
  if (message) rpc.spawn(link, request, *message, now);
}

Router::Router(RouterOptions options, store::Replica& replica)
    : impl_(std::make_unique<Impl>(std::move(options), replica)) {}
Router::~Router() = default;

void Router::peer_up(LinkId link, const dist::PeerInfo& peer, const Now& now) {
  const Peer& added = impl_->peers.add(link, peer);
  impl_->replica.tell_peers(true);
  if (peer.can_be_asked()) impl_->replica.peer_linked(added.id, now);
  impl_->peer_clocks.peer_up(added, now);
  impl_->probe.peer_up(added, now);
  impl_->replica.await_kinds(impl_->probe.awaits_hello());
  impl_->discovery.peer_up(added, now);
  impl_->node_functions.peer_up(peer.name, now);
}

void Router::peer_down(LinkId link, const Error&, bool left, const Now& now) {
  impl_->peer_down(link, left, now);
}

void Router::connect_failed(const NodeName& peer, dist::AskNumber answers, const Now& now) {
  impl_->node_functions.connect_failed(peer, answers, now);
}

void Router::receive(LinkId link, const dist::Frame& frame, const Now& now) {
  std::visit([&](const auto& control) { impl_->on(link, control, frame.message, now); },
             frame.control);
}

void Router::room(LinkId link, const Now& now) {
  impl_->catch_up.room(link, now);
}

void Router::perform(store::Effects effects, const Now& now) {
  impl_->replication.perform(std::move(effects), now);
}

void Router::settled(std::uint64_t end, const std::optional<std::string>& failure, const Now& now) {
  impl_->saves.settled(end, failure, now);
}

void Router::wake(const Now& now) {
  // First what may tell what a peer is, and that it is level: tombstones wait for that.
  impl_->requests.wake(now);
  impl_->probe.wake(now);
  impl_->peer_clocks.wake(now);
  impl_->exchange.wake(now);
  store::Effects effects;
  impl_->replica.wake(now, effects);
  impl_->replication.perform(std::move(effects), now);
  impl_->replication.forget_left(now);
  impl_->feed.wake(now);
  impl_->reclaimer.wake(now);
  impl_->discovery.wake(now);
  impl_->mesh.wake(now);
  impl_->clock_sync.wake(now);
}

std::optional<std::int64_t> Router::next_wake_ms(const Now& now) const {
  dist::Earliest next;
  next.add(impl_->clock_sync.next_wake_ms());
  next.add(impl_->requests.next_wake_ms());
  next.add(impl_->probe.next_wake_ms());
  next.add(impl_->peer_clocks.next_wake_ms());
  next.add(impl_->exchange.next_wake_ms());
  next.add(impl_->feed.next_wake_ms());
  next.add(impl_->reclaimer.next_wake_ms());
  next.add(impl_->discovery.next_wake_ms());
  next.add(impl_->mesh.next_wake_ms());
  next.add(impl_->replication.next_forget_ms());
  if (const auto wall_ms = impl_->replica.next_wake_wall_ms(now)) {
    next.add(now.monotonic_ms + std::max<std::int64_t>(0, *wall_ms - now.wall_ms));
  }
  return next.ms();
}

void Router::stop(const Now&) {
  impl_->tap.remove_all();
}

std::vector<store::KeptPeer> Router::take_kept_peers() {
  return impl_->kept_peers.take();
}

std::vector<Action> Router::take_actions() {
  return impl_->outbox.take();
}

}  // namespace groot::process
