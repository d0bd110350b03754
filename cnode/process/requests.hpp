// Questions of ours to peers: remote calls (distribution.md 6.3), calls and monitors of registered
// names. Each is answered exactly once, by the peer, by its time-out or by the end of its link; at
// once, and with nothing sent, where the peer cannot be asked (dist::PeerInfo::can_be_asked).
#pragma once

#include <functional>
#include <map>

#include "cnode/dist/earliest.hpp"
#include "cnode/process/outbox.hpp"
#include "cnode/process/peers.hpp"
#include "ei_codec/term.hpp"

namespace groot::process {

using ei_codec::Term;

class Requests {
 public:
  // Errors: request_timeout, peer_gone, no_process, cannot_be_asked, call_failed (its detail says
  // what was raised).
  using Answered = std::function<void(const Result<Term>& answer, const Now& now)>;
  // The watched process has ended. `reason` need only live during the call.
  using Down = std::function<void(ei_codec::ScannedTerm reason, const Now& now)>;

  Requests(Outbox& outbox, Peers& peers) : outbox_(outbox), peers_(peers) {}

  // erpc:call(Peer, Module, Function, Arguments).
  void call(LinkId link, std::string_view module, std::string_view function,
            std::vector<Term> arguments, const Now& now, Answered answered);
  // The same with encoded arguments of execute_call, made once and used many times.
  void call_encoded(LinkId link, const SharedBytes& execute_call_arguments, const Now& now,
                    Answered answered);
  [[nodiscard]] SharedBytes encode_call(std::string_view module, std::string_view function,
                                        std::vector<Term> arguments);
  // erpc:cast: no answer.
  void cast(LinkId link, std::string_view module, std::string_view function,
            std::vector<Term> arguments);
  // gen_server:call({Name, Peer}, Request).
  void call_name(LinkId link, std::string_view name, const Term& request, const Now& now,
                 Answered answered);
  // Watches a process until it is down (`noproc` when it already is); no time-out, and nothing when
  // the link ends or the peer cannot be asked.
  void watch(LinkId link, const Pid& pid, Down down);

  // ---- what peers send to the process ServedPid::client ----
  void receive(ei_codec::ScannedTerm message, const Now& now);
  void spawn_reply(const dist::SpawnReply& reply, const Now& now);
  void monitor_exit(const dist::MonitorPExit& exit, ei_codec::ScannedTerm reason, const Now& now);

  void peer_down(LinkId link, const Now& now);
  void wake(const Now& now);
  // May be too early: see Earliest.
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const {
    return pending_.empty() ? std::nullopt : wakes_.ms();
  }

 private:
  struct Pending {
    LinkId link = 0;
    std::int64_t deadline_ms = 0;
    // What the monitor is on, once known: a name, or the process that a spawn made.
    std::optional<dist::Target> target;
    bool is_spawn = false;
    Answered answered;
  };
  struct Watch {
    LinkId link = 0;
    Down down;
  };

  [[nodiscard]] bool can_ask(LinkId link);
  void spawn(LinkId link, const Reference& request, std::string_view function, std::uint32_t arity,
             bool monitor, SharedBytes arguments);
  void await(const Reference& ref, Pending pending);
  void finish(std::map<Reference, Pending>::iterator pending, const Result<Term>& answer,
              const Now& now);
  void demonitor(const Reference& ref, const Pending& pending);

  Outbox& outbox_;
  Peers& peers_;
  std::map<Reference, Pending> pending_;
  dist::Earliest wakes_;
  std::map<Reference, Watch> watches_;
};

}  // namespace groot::process
