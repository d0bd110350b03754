// Finds out what runs at a peer: no Groot, Groot 0.1.x, Groot with delete, or a node of ours; and
// notices when a stock peer's storage process ends and comes back.
//
//   link up ──> hello to 'Elixir.Groot.Peer' ──answer──────────────────────────> ours
//                       │ noproc
//                       v
//   ┌──> whereis(Storage) ──undefined: later──┐
//   │            │ pid: monitor it            │
//   │            v                            │
//   │    does Groot export delete/1? ─────────│─────────> stock, with or without
//   └──── storage down ───────────────────────┘
//
// Only names of ours and the kernel are asked: nothing here can hurt a stock process
// (groot-protocol section 3). A peer that cannot be asked stays without a kind: nothing is
// replicated to it, and what it sends is taken as ever.
#pragma once

#include <functional>
#include <map>

#include "cnode/dist/earliest.hpp"
#include "cnode/process/peers.hpp"
#include "cnode/process/requests.hpp"

namespace groot::process {

class PeerProbe {
 public:
  struct Hooks {
    // The peer's kind, and storage for a stock one, are set: replication may begin.
    std::function<void(Peer& peer, const Now& now)> ready;
    // It answered the hello, as a node of ours or not, or did not in time.
    std::function<void()> heard;
    // A stock peer's storage process ended: `storage` is unset.
    std::function<void(Peer& peer, const Now& now)> storage_down;
    // It says that no Groot runs there.
    std::function<void(const Peer& peer, const Now& now)> without_store;
  };

  // `own`: what this node says of itself.
  PeerProbe(const HelloInfo& own, Outbox& outbox, Peers& peers, Requests& requests, Hooks hooks);

  void peer_up(const Peer& peer, const Now& now);
  void peer_down(LinkId link) { probes_.erase(link); }
  // A message from this storage process, which was known on an earlier link, came before all
  // questions were answered: a visible peer sends its state as soon as it sees us.
  void storage_spoke(const Peer& peer, const StorageSeen& storage, const Now& now);
  // Whether some peer may be one of ours and has not had the time to say so.
  [[nodiscard]] bool awaits_hello() const;
  void wake(const Now& now);
  // May be too early: see Earliest.
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const { return wakes_.ms(); }

 private:
  struct Probe {
    std::optional<std::int64_t> ask_again_ms;
    bool heard = false;               // an answer to a hello, or none in its time
    bool is_no_node_of_ours = false;  // hello met no process: from then on storage is asked for
    bool asking = false;              // a whereis is under way
    bool said_no = false;             // logged that there is no Groot
    int restarts_awaited = 0;         // quick repeats left after a death
    std::optional<Pid> watched;
  };

  void ask(LinkId link, const Now& now);
  void say_hello(LinkId link, const Now& now);
  void ask_storage(LinkId link, const Now& now);
  void found_storage(LinkId link, const Pid& storage, const Now& now);
  void watch(LinkId link, const Pid& storage);
  void ask_delete(LinkId link, const Pid& storage, const Now& now);
  void identified(LinkId link, const Pid& storage, store::PeerKind kind, const Now& now);
  void storage_ended(LinkId link, const Pid& storage, ei_codec::ScannedTerm reason, const Now& now);
  void ask_later(LinkId link, const Now& now);

  HelloInfo own_;
  Outbox& outbox_;
  Peers& peers_;
  Requests& requests_;
  Hooks hooks_;
  SharedBytes whereis_storage_;
  std::map<LinkId, Probe> probes_;
  dist::Earliest wakes_;
};

}  // namespace groot::process
