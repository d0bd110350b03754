#include "cnode/process/router.hpp"

#include <algorithm>
#include <array>

#include "cnode/dist/earliest.hpp"
#include "cnode/process/announce_feed.hpp"
#include "cnode/process/clock_sync_process.hpp"
#include "cnode/process/discovery.hpp"
#include "cnode/process/exchange.hpp"
#include "cnode/process/global_name_server.hpp"
#include "cnode/process/groot_functions.hpp"
#include "cnode/process/net_kernel_process.hpp"
#include "cnode/process/node_functions.hpp"
#include "cnode/process/outbox.hpp"
#include "cnode/process/peer_probe.hpp"
#include "cnode/process/peer_process.hpp"
#include "cnode/process/peers.hpp"
#include "cnode/process/replication.hpp"
#include "cnode/process/requests.hpp"
#include "cnode/process/rpc_process.hpp"
#include "cnode/process/saves.hpp"
#include "cnode/process/signals.hpp"
#include "cnode/process/spawned.hpp"
#include "cnode/process/storage_process.hpp"
#include "cnode/process/store_requests.hpp"
#include "cnode/process/tap.hpp"
#include "cnode/process/term_append.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {

struct Router::Impl {
  Impl(RouterOptions router_options, store::Replica& replica_used);

  // ---- replication: who is ready for it, who is lost ----
  void ready(Peer& peer, const Now& now);
  void storage_down(Peer& peer, const Now& now);
  // While we are in doubt it matters how long a peer has been up.
  void ask_uptime(const Peer& peer, const Now& now);
  void up_for(store::PeerId peer, std::uint64_t uptime_ms, const Now& now);
  void tell_all_sent(const Peer& peer, const Now& now);
  void round_over(const Peer& peer, const Now& now);
  void all_sent(LinkId link, const AllSent& message, const Now& now);
  void peer_down(LinkId link, const Now& now);

  // ---- messages ----
  void deliver(LinkId link, const std::optional<Pid>& from, const dist::Target& to,
               ScannedTerm message, const Now& now);
  void answer_io_request(LinkId link, ScannedTerm message);

  // ---- control messages: one overload an operation ----
  using Message = std::optional<ScannedTerm>;
  void on(LinkId link, const dist::Send& send, const Message& message, const Now& now);
  void on(LinkId link, const dist::RegSend& send, const Message& message, const Now& now);
  void on(LinkId link, const dist::SpawnRequest& request, const Message& message, const Now& now);
  void on(LinkId, const dist::SpawnReply& reply, const Message&, const Now& now) {
    requests.spawn_reply(reply, now);
  }
  void on(LinkId, const dist::MonitorPExit& exit, const Message& reason, const Now& now) {
    if (reason) requests.monitor_exit(exit, *reason, now);
  }
  void on(LinkId link, const dist::MonitorP& monitor, const Message&, const Now&) {
    signals.monitor(link, monitor);
  }
  void on(LinkId link, const dist::DemonitorP& demonitor, const Message&, const Now&) {
    signals.demonitor(link, demonitor);
  }
  void on(LinkId link, const dist::LinkTo& to, const Message&, const Now&) {
    signals.link(link, to);
  }
  void on(LinkId link, const dist::Unlink& unlink, const Message&, const Now&) {
    signals.unlink(link, unlink);
  }
  void on(LinkId link, const dist::UnlinkId& unlink, const Message&, const Now&) {
    signals.unlink(link, unlink);
  }
  void on(LinkId link, const dist::Exit& exit, const Message& reason, const Now&) {
    if (reason) signals.exit(link, exit, *reason);
  }
  void on(LinkId link, const dist::Exit2& exit, const Message& reason, const Now&) {
    if (reason) signals.exit(link, exit, *reason);
  }
  // We make no alias, end no link and print nothing: nothing to do.
  void on(LinkId, const dist::AliasSend&, const Message&, const Now&) {}
  void on(LinkId, const dist::UnlinkIdAck&, const Message&, const Now&) {}
  void on(LinkId, const dist::GroupLeader&, const Message&, const Now&) {}

  RouterOptions options;
  store::Replica& replica;
  Outbox outbox{options};
  Peers peers;
  Requests requests{outbox, peers};
  Replication replication{outbox, peers, replica};
  StoreRequests store_requests{replica, replication};
  Saves saves{options.saving, outbox};
  Exchange exchange{options,
                    outbox,
                    peers,
                    replication,
                    replica.registers(),
                    [this](const Peer& peer, const Now& now) { round_over(peer, now); }};
  Discovery discovery{options.self, outbox, peers, requests};
  Spawned spawned{outbox};
  RegisteredNames names;
  Signals signals{outbox, peers, spawned, names};
  NodeFunctions node_functions{options.self, outbox, peers, names};
  RemoteFunctions functions{options.remote_admin};
  AnnounceFeed feed{options.self, options.random, outbox, peers, requests, replica};
  Tap tap{options.self,
          outbox,
          peers,
          requests,
          {[this](LinkId link, const Now& now) { feed.fetch(link, now); },
           [this](LinkId link, const Now& now) { feed.poll(link, now); }}};
  PeerProbe probe{outbox,
                  peers,
                  requests,
                  {[this](Peer& peer, const Now& now) { ready(peer, now); },
                   [this] { replica.await_kinds(probe.awaits_hello()); },
                   [this](Peer& peer, const Now& now) { storage_down(peer, now); }}};

  StorageProcess storage{outbox,
                         peers,
                         replica,
                         replication,
                         store_requests,
                         saves,
                         {[this](const Peer& peer, const StorageSeen& seen, const Now& now) {
                            probe.storage_spoke(peer, seen, now);
                          },
                          [this](LinkId link, bool news, const Now& now) {
                            feed.full_state_merged(link, news, now);
                          }}};
  ClockSyncProcess clock_sync{outbox, peers, replica, options.random};
  ClockProcess clock{outbox, replica};
  NetKernelProcess net_kernel{outbox};
  RpcProcess rpc{options.self, outbox, spawned, functions};
  PeerProcess peer_process{outbox,
                           {[this](LinkId link, const ExchangeMessage& message, const Now& now) {
                              return exchange.receive(link, message, now);
                            },
                            [this](LinkId link, const AllSent& message, const Now& now) {
                              all_sent(link, message, now);
                            }}};
  GlobalNameServer global{
      options.self,
      outbox,
      peers,
      {[this](LinkId link, const std::vector<std::string>& nodes) { discovery.named(link, nodes); },
       [this](const Peer& peer) { outbox.act(Disconnect{peer.info.name}); }}};
  std::array<ServedProcess*, 6> served{&storage,    &clock_sync, &clock,
                                       &net_kernel, &rpc,        &peer_process};
};

Router::Impl::Impl(RouterOptions router_options, store::Replica& replica_used)
    : options(std::move(router_options)), replica(replica_used) {
  replica.tell_peers(false);  // until there is one
  for (const ServedProcess* process : served) names.emplace_back(process->name(), process->pid());
  add_groot_functions(functions, replica, store_requests, saves);
  node_functions.add_to(functions);
}

void Router::Impl::ready(Peer& peer, const Now& now) {
  if (peer.is_ours()) {
    replica.peer_up(peer.id, *peer.kind, now);
    exchange.ready(peer, now);
    return;
  }
  ask_uptime(peer, now);
  auto& last_storage = peers.last_storage(peer);
  const bool same_process = last_storage && last_storage->pid == *peer.storage;
  last_storage = {*peer.storage, *peer.kind};
  if (same_process) {
    replica.peer_back(peer.id, now);
  } else {
    replica.peer_up(peer.id, *peer.kind, now);
  }

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

void Router::Impl::ask_uptime(const Peer& peer, const Now& now) {
  if (!replica.in_doubt()) return;
  requests.call(peer.link, "erlang", "statistics", {ei_codec::atom("wall_clock")}, now,
                [this, id = peer.id](const Result<Term>& answer, const Now& then) {
                  const auto* times = answer ? answer->get_if<ei_codec::Tuple>() : nullptr;
                  if (times == nullptr || times->elements.empty()) return;
                  const auto uptime_ms = times->elements.front().get_if<std::int64_t>();
                  if (uptime_ms && *uptime_ms >= 0) {
                    up_for(id, static_cast<std::uint64_t>(*uptime_ms), then);
                  }
                });
}

void Router::Impl::up_for(store::PeerId peer, std::uint64_t uptime_ms, const Now& now) {
  const auto since_ms =
      now.wall_ms - static_cast<std::int64_t>(std::min(uptime_ms, store::time_ms_max));
  store::Effects effects;
  replica.peer_since(peer, since_ms, now, effects);
  replication.perform(std::move(effects), now);
}

void Router::Impl::tell_all_sent(const Peer& peer, const Now& now) {
  // From where the registers came: a large one must not be overtaken.
  const ServedPid from = peer.exchanges ? ServedPid::exchange : ServedPid::large_updates;
  const auto uptime_ms = static_cast<std::uint64_t>(now.monotonic_ms - options.started_ms);
  outbox.send_to_name(peer.link, from, peer_process_name,
                      encode_all_sent({uptime_ms, replica.in_doubt()}));
}

void Router::Impl::round_over(const Peer& peer, const Now& now) {
  tell_all_sent(peer, now);
  // One of another version may never say that it has sent all.
  if (!peer.exchanges) replica.peer_level(peer.id, now);
}

void Router::Impl::all_sent(LinkId link, const AllSent& message, const Now& now) {
  const Peer* peer = peers.find(link);
  if (!peer) return;
  // Whoever answers in an exchange learns by this that it has answered all; what it doubted on the
  // way counts, even where this decides it.
  if (peer->exchanges && !exchange.asks(*peer)) tell_all_sent(*peer, now);
  if (peer->exchanges && !message.doubts) replica.peer_level(peer->id, now);
  store::Effects effects;
  replica.peer_shown(peer->id, message.doubts, now, effects);
  replication.perform(std::move(effects), now);
  up_for(peer->id, message.uptime_ms, now);
}

void Router::Impl::storage_down(Peer& peer, const Now&) {
  feed.stop(peer.link);
  tap.forget(peer.link);
  replica.peer_lost_data(peer.id);
}

void Router::Impl::peer_down(LinkId link, const Now& now) {
  const Peer* peer = peers.find(link);
  if (!peer) return;
  outbox.forget_causes(peer->name());
  feed.stop(link);
  tap.forget(link);
  probe.peer_down(link);
  replica.await_kinds(probe.awaits_hello());
  exchange.peer_down(link);
  // What a stock peer has shown outlives the link.
  if (peer->is_ours()) replica.peer_down(peer->id);
  spawned.peer_down(link);
  peers.remove(link);
  replica.tell_peers(!peers.all().empty());
  requests.peer_down(link, now);
}

void Router::Impl::deliver(LinkId link, const std::optional<Pid>& from, const dist::Target& to,
                           ScannedTerm message, const Now& now) {
  const Peer* peer = peers.find(link);
  if (!peer) return;
  const auto* name = std::get_if<ei_codec::Atom>(&to);
  const auto* pid = std::get_if<Pid>(&to);
  if (pid && (!outbox.is_ours(*pid) || pid->serial != 0)) return;
  for (ServedProcess* process : served) {
    const bool is_it = name ? name->name == process->name()
                            : pid->id == static_cast<std::uint32_t>(process->pid());
    if (!is_it) continue;
    process->receive({link, peer->name(), from, message}, requests, now);
    return;
  }
  // To an unknown name or pid: lost without a word, as on a BEAM.
  if (name && name->name == global_name_server_name) {
    global.receive(link, message);
  } else if (pid && pid->id == static_cast<std::uint32_t>(ServedPid::client)) {
    requests.receive(message, now);
  } else if (pid && pid->id == static_cast<std::uint32_t>(ServedPid::group_leader)) {
    answer_io_request(link, message);
  }
}

// {io_request, From, ReplyAs, Request} → {io_reply, ReplyAs, ok}: output is dropped, but whoever
// prints must not wait for ever.
void Router::Impl::answer_io_request(LinkId link, ScannedTerm message) {
  ei_codec::TermReader reader(message);
  if (reader.take_tuple() != 4U || !reader.take_atom("io_request")) return;
  const auto decoded = decode_term(reader.take_term());
  const auto* from = decoded ? decoded->get_if<Pid>() : nullptr;
  if (!from) return;
  Bytes answer;
  append_tuple(answer, 3);
  append_atom(answer, "io_reply");
  append_bytes(answer, reader.take_term().bytes());
  append_atom(answer, "ok");
  outbox.send(link, dist::Send{outbox.pid(ServedPid::group_leader), *from},
              share(std::move(answer)));
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
  impl_->probe.peer_up(added, now);
  impl_->replica.await_kinds(impl_->probe.awaits_hello());
  impl_->discovery.peer_up(added, now);
  impl_->node_functions.peer_up(peer.name, now);
}

void Router::peer_down(LinkId link, const Error&, const Now& now) {
  impl_->peer_down(link, now);
}

void Router::connect_failed(const NodeName& peer, const Now& now) {
  impl_->node_functions.connect_failed(peer, now);
}

void Router::receive(LinkId link, const dist::Frame& frame, const Now& now) {
  std::visit([&](const auto& control) { impl_->on(link, control, frame.message, now); },
             frame.control);
}

void Router::perform(store::Effects effects, const Now& now) {
  impl_->replication.perform(std::move(effects), now);
}

void Router::settled(std::uint64_t end, const std::optional<std::string>& failure, const Now& now) {
  impl_->saves.settled(end, failure, now);
}

void Router::wake(const Now& now) {
  // First what may tell what a peer is: tombstones wait for that.
  impl_->requests.wake(now);
  impl_->probe.wake(now);
  store::Effects effects;
  impl_->replica.wake(now, effects);
  impl_->replication.perform(std::move(effects), now);
  impl_->exchange.wake(now);
  impl_->feed.wake(now);
  impl_->discovery.wake(now);
  impl_->clock_sync.wake(now);
}

std::optional<std::int64_t> Router::next_wake_ms(const Now& now) const {
  dist::Earliest next;
  next.add(impl_->clock_sync.next_wake_ms());
  next.add(impl_->requests.next_wake_ms());
  next.add(impl_->probe.next_wake_ms());
  next.add(impl_->exchange.next_wake_ms());
  next.add(impl_->feed.next_wake_ms());
  next.add(impl_->discovery.next_wake_ms());
  if (const auto wall_ms = impl_->replica.next_wake_wall_ms()) {
    next.add(now.monotonic_ms + std::max<std::int64_t>(0, *wall_ms - now.wall_ms));
  }
  return next.ms();
}

void Router::stop(const Now&) {
  impl_->tap.remove_all();
}

std::vector<Action> Router::take_actions() {
  return impl_->outbox.take();
}

}  // namespace groot::process
