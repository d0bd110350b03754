// The inside of the router: its processes, what each is told by the others, and the peers' lives.
#pragma once

#include <array>
#include <optional>

#include "cnode/process/announce_feed.hpp"
#include "cnode/process/clock_question.hpp"
#include "cnode/process/clock_sync_process.hpp"
#include "cnode/process/discovery.hpp"
#include "cnode/process/exchange.hpp"
#include "cnode/process/global_name_server.hpp"
#include "cnode/process/groot_functions.hpp"
#include "cnode/process/group_leader.hpp"
#include "cnode/process/kept_peers.hpp"
#include "cnode/process/mesh.hpp"
#include "cnode/process/net_kernel_process.hpp"
#include "cnode/process/node_functions.hpp"
#include "cnode/process/peer_clocks.hpp"
#include "cnode/process/peer_probe.hpp"
#include "cnode/process/peer_process.hpp"
#include "cnode/process/process_functions.hpp"
#include "cnode/process/replication.hpp"
#include "cnode/process/requests.hpp"
#include "cnode/process/router.hpp"
#include "cnode/process/rpc_process.hpp"
#include "cnode/process/signals.hpp"
#include "cnode/process/spawned.hpp"
#include "cnode/process/storage_process.hpp"
#include "cnode/process/store_requests.hpp"
#include "cnode/process/tap.hpp"

namespace groot::process {

struct Router::Impl {
  Impl(RouterOptions router_options, store::Replica& replica_used);

  // ---- replication: who is ready for it, who is lost ----
  void ready(Peer& peer, const Now& now);
  void storage_down(Peer& peer, const Now& now);
  // What is kept of it begins, or goes on where its memory is the same.
  void remember(const Peer& peer, const Now& now);
  void tell_all_sent(const Peer& peer);
  void round_over(const Peer& peer, const Now& now);
  void all_sent(LinkId link, const AllSent& message, const Now& now);
  void peer_down(LinkId link, bool left, const Now& now);

  // ---- messages ----
  bool deliver(LinkId link, const std::optional<Pid>& from, const dist::Target& to,
               ScannedTerm message, const Now& now);

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
  HelloInfo hello{options.hash_check, options.memory_id, replica.tombstone_ttl_ms()};
  Outbox outbox{options};
  Peers peers;
  KeptPeers kept_peers{std::move(options.kept_peers), peers, replica};
  Requests requests{outbox, peers};
  Reclaimer reclaimer{peers, outbox, requests};
  CatchUp catch_up{options, outbox, peers, replica,
                   [this](Peer& peer, const Now& now) { exchange.state_sent(peer, now); }};
  Replication replication{outbox, peers, replica, reclaimer, catch_up};
  StoreRequests store_requests{replica, replication};
  Saves saves{options, outbox};
  Exchange exchange{options,
                    outbox,
                    peers,
                    replication,
                    replica.registers(),
                    [this](const Peer& peer, const Now& now) { round_over(peer, now); }};
  Discovery discovery{options.self, outbox, peers, requests, kept_peers.names(), options.connect};
  Mesh mesh{outbox, peers};
  Spawned spawned{outbox};
  RegisteredNames names;
  Signals signals{outbox, peers, spawned, names};
  NodeFunctions node_functions{options.self, outbox, peers};
  ProcessFunctions process_functions{outbox, spawned, names};
  RemoteFunctions functions{options.remote_admin};
  PeerClocks peer_clocks{outbox, peers, requests, replica};
  AnnounceFeed feed{options.self, options.random, outbox, peers, requests, replica};
  Tap tap{options.self,
          outbox,
          peers,
          requests,
          {[this](LinkId link, const Now& now) { feed.fetch(link, now); },
           [this](LinkId link, const Now& now) { feed.poll(link, now); }}};
  PeerProbe probe{hello,
                  outbox,
                  peers,
                  requests,
                  {[this](Peer& peer, const Now& now) { ready(peer, now); },
                   [this] { replica.await_kinds(probe.awaits_hello()); },
                   [this](Peer& peer, const Now& now) { storage_down(peer, now); },
                   [this](const Peer& peer, const Now& now) {
                     store::Effects effects;
                     replica.peer_without_store(peer.id, now, effects);
                     replication.perform(std::move(effects), now);
                   }}};

  StorageProcess storage{outbox,
                         peers,
                         replica,
                         replication,
                         store_requests,
                         saves,
                         kept_peers,
                         {[this](const Peer& peer, const StorageSeen& seen, const Now& now) {
                            probe.storage_spoke(peer, seen, now);
                          },
                          [this](LinkId link, bool news, const Now& now) {
                            feed.full_state_merged(link, news, now);
                            if (const Peer* peer = peers.find(link)) kept_peers.level(*peer);
                          }}};
  ClockSyncProcess clock_sync{outbox, peers, replica, options.random};
  ClockProcess clock{outbox, replica};
  NetKernelProcess net_kernel{outbox};
  RpcProcess rpc{options.self, outbox, spawned, functions, std::bind_front(&Impl::deliver, this)};
  PeerProcess peer_process{outbox,
                           hello,
                           {[this](LinkId link, const ExchangeMessage& message, const Now& now) {
                              return exchange.receive(link, message, now);
                            },
                            [this](LinkId link, const AllSent& message, const Now& now) {
                              all_sent(link, message, now);
                            },
                            [this](LinkId link, std::vector<std::string> nodes) {
                              discovery.named(link, nodes);
                              mesh.linked(link, std::move(nodes));
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

}  // namespace groot::process
