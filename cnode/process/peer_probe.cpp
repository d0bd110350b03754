#include "cnode/process/peer_probe.hpp"

#include <algorithm>
#include <utility>

#include "cnode/process/limits.hpp"
#include "cnode/process/peer_process.hpp"
#include "cnode/process/process_error.hpp"
#include "cnode/process/replication.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {

using ei_codec::atom;
using ei_codec::ScannedTerm;

namespace {

// By its supervisor, as when the node or the application ends, or by gen_server:stop: nothing is
// amiss. What it held is lost all the same, and given back to the next one, if there is one.
bool was_stopped(ScannedTerm reason) {
  ei_codec::TermReader reader(reason);
  if (reader.take_tuple() == 2U) return reader.take_atom("shutdown");
  reader = ei_codec::TermReader(reason);
  return reader.take_atom("shutdown") || reader.take_atom("normal");
}

}  // namespace

PeerProbe::PeerProbe(const HelloInfo& own, Outbox& outbox, Peers& peers, Requests& requests,
                     Hooks hooks)
    : own_(own),
      outbox_(outbox),
      peers_(peers),
      requests_(requests),
      hooks_(std::move(hooks)),
      whereis_storage_(requests.encode_call("erlang", "whereis", {atom(storage_name)})) {}

void PeerProbe::peer_up(const Peer& peer, const Now& now) {
  if (!peer.info.can_be_asked()) {
    outbox_.log(LogLine::Level::info, peer.name() + " cannot be asked: it is sent answers only");
    return;
  }
  probes_[peer.link] = {};
  say_hello(peer.link, now);
}

void PeerProbe::say_hello(LinkId link, const Now& now) {
  requests_.call_name(
      link, peer_process_name, hello_question(), now,
      [this, link](const Result<Term>& answer, const Now& then) {
        Peer* peer = peers_.find(link);
        if (!peer) return;
        if (answer) {
          peer->kind = store::PeerKind::ours;
          peer->hello = decode_hello(*answer);
          peer->exchanges = peer->hello && peer->hello->hash_check == own_.hash_check;
          outbox_.log(LogLine::Level::info, peer->name() + " is a node of this kind");
          hooks_.ready(*peer, then);
        } else if (answer.error().code == process_errc::no_process) {
          probes_[link].is_no_node_of_ours = true;
          ask_storage(link, then);
        } else {
          ask_later(link, then);
        }
        probes_[link].heard = true;
        hooks_.heard();
      });
}

bool PeerProbe::awaits_hello() const {
  return std::ranges::any_of(probes_, [](const auto& entry) { return !entry.second.heard; });
}

void PeerProbe::ask_storage(LinkId link, const Now& now) {
  if (std::exchange(probes_[link].asking, true)) return;
  requests_.call_encoded(
      link, whereis_storage_, now, [this, link](const Result<Term>& answer, const Now& then) {
        const Peer* peer = peers_.find(link);
        if (!peer) return;
        Probe& probe = probes_[link];
        probe.asking = false;
        if (const auto* pid = answer ? answer->get_if<Pid>() : nullptr) {
          found_storage(link, *pid, then);
          return;
        }
        if (!answer) {
          outbox_.log_repeated(
              peer->name(), "probe",
              peer->name() + " does not say whether it runs Groot: " + answer.error().text());
        } else {
          if (!std::exchange(probe.said_no, true)) {
            outbox_.log(LogLine::Level::info, peer->name() + " does not run Groot (yet)");
          }
          hooks_.without_store(*peer, then);
        }
        ask_later(link, then);
      });
}

void PeerProbe::ask_later(LinkId link, const Now& now) {
  Probe& probe = probes_[link];
  const bool soon = probe.restarts_awaited > 0;
  if (soon) --probe.restarts_awaited;
  probe.ask_again_ms = now.monotonic_ms + (soon ? restart_retry_ms : probe_retry_ms);
  wakes_.add(probe.ask_again_ms);
}

void PeerProbe::storage_spoke(const Peer& peer, const StorageSeen& storage, const Now& now) {
  if (!peer.info.can_be_asked()) return;
  watch(peer.link, storage.pid);
  identified(peer.link, storage.pid, storage.kind, now);
}

void PeerProbe::watch(LinkId link, const Pid& storage) {
  Probe& probe = probes_[link];
  if (probe.watched == storage) return;
  // The process, not its name: should it be dead already, with another one in its place, this
  // says so.
  probe.watched = storage;
  requests_.watch(link, storage, [this, link, storage](ScannedTerm reason, const Now& then) {
    storage_ended(link, storage, reason, then);
  });
}

void PeerProbe::found_storage(LinkId link, const Pid& storage, const Now& now) {
  const Peer* peer = peers_.find(link);
  if (peer->storage == storage) return;  // it has spoken meanwhile
  watch(link, storage);
  if (peer->kind) {
    identified(link, storage, *peer->kind, now);  // restarted: the code is the same
    return;
  }
  // function_exported does not load a module, so a Groot that nobody has called yet would look
  // like one without delete.
  requests_.call(link, "code", "ensure_loaded", {atom("Elixir.Groot")}, now,
                 [this, link, storage](const Result<Term>&, const Now& then) {
                   if (peers_.find(link)) ask_delete(link, storage, then);
                 });
}

void PeerProbe::ask_delete(LinkId link, const Pid& storage, const Now& now) {
  requests_.call(link, "erlang", "function_exported", {atom("Elixir.Groot"), atom("delete"), 1},
                 now, [this, link, storage](const Result<Term>& answer, const Now& then) {
                   if (!peers_.find(link)) return;
                   if (!answer) {
                     ask_later(link, then);
                     return;
                   }
                   identified(link, storage,
                              answer->is_atom("true") ? store::PeerKind::stock_with_delete
                                                      : store::PeerKind::stock_without_delete,
                              then);
                 });
}

void PeerProbe::identified(LinkId link, const Pid& storage, store::PeerKind kind, const Now& now) {
  Probe& probe = probes_[link];
  Peer& peer = *peers_.find(link);
  // It died while it was looked at, or has spoken meanwhile.
  if (probe.watched != storage || peer.storage == storage) return;
  probe.restarts_awaited = 0;
  const bool first = !peer.kind;
  peer.kind = kind;
  peer.storage = storage;
  if (first) {
    const std::string api =
        kind == store::PeerKind::stock_with_delete ? "with delete" : "without delete";
    requests_.call(link, "application", "get_key", {atom("groot"), atom("vsn")}, now,
                   [this, name = peer.name(), api](const Result<Term>& answer, const Now&) {
                     const auto* ok = answer ? answer->get_if<ei_codec::Tuple>() : nullptr;
                     const std::string version =
                         ok && ok->elements.size() == 2
                             ? " " + to_text(ok->elements[1], ei_codec::Syntax::erlang)
                             : "";
                     outbox_.log(LogLine::Level::info, name + " runs Groot" + version + ", " + api);
                   });
  } else {
    outbox_.log(LogLine::Level::info, "the storage process of " + peer.name() + " is back");
  }
  hooks_.ready(peer, now);
}

void PeerProbe::storage_ended(LinkId link, const Pid& storage, ScannedTerm reason, const Now& now) {
  Peer* peer = peers_.find(link);
  if (!peer) return;
  Probe& probe = probes_[link];
  probe.watched.reset();
  probe.restarts_awaited = restart_retries;
  if (peer->storage == storage) {
    if (was_stopped(reason)) {
      outbox_.log(LogLine::Level::info, "the storage process of " + peer->name() + " was stopped");
    } else {
      outbox_.log(LogLine::Level::warning,
                  "the storage process of " + peer->name() + " died; it lost its data");
    }
    peer->storage.reset();
    hooks_.storage_down(*peer, now);
  }
  ask_storage(link, now);
}

void PeerProbe::ask(LinkId link, const Now& now) {
  if (probes_[link].is_no_node_of_ours) {
    ask_storage(link, now);
  } else {
    say_hello(link, now);
  }
}

void PeerProbe::wake(const Now& now) {
  if (!wakes_.is_due(now.monotonic_ms)) return;
  for (auto& [link, probe] : probes_) {
    if (!probe.ask_again_ms || now.monotonic_ms < *probe.ask_again_ms) continue;
    probe.ask_again_ms.reset();
    ask(link, now);
  }
  wakes_.clear();
  for (const auto& [link, probe] : probes_) wakes_.add(probe.ask_again_ms);
}

}  // namespace groot::process
