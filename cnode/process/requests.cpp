#include "cnode/process/requests.hpp"

#include <algorithm>

#include "cnode/process/limits.hpp"
#include "cnode/process/process_error.hpp"
#include "cnode/process/term_append.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

using ei_codec::ScannedTerm;
using ei_codec::TermReader;

// A reason for a log line. That of a server that crashed holds all that the server held.
std::string short_text(ScannedTerm reason) {
  if (reason.size() > logged_reason_bytes_max) {
    return "a reason of " + std::to_string(reason.size()) + " bytes";
  }
  const auto term = decode_term(reason);
  return term ? to_text(*term, ei_codec::Syntax::erlang) : term.error().text();
}

// The reason with which the process of an erpc:execute_call ends:
// {Res, return, Value} | {Res, throw | exit, Reason} | {Res, error, Reason, Stack} | any other.
Result<Term> call_result(ScannedTerm reason) {
  TermReader reader(reason);
  const auto arity = reader.take_tuple();
  if (!arity || *arity < 3) return {process_errc::call_failed, short_text(reason)};
  reader.take_term();
  const bool returned = reader.take_atom("return");
  if (!returned) reader.take_term();
  if (returned) return decode_term(reader.take_term());
  return {process_errc::call_failed, short_text(reader.take_term())};
}

}  // namespace

SharedBytes Requests::encode_call(std::string_view module, std::string_view function,
                                  std::vector<Term> arguments) {
  return share(encode_term(
      ei_codec::list({Term(outbox_.new_reference()), ei_codec::atom(module),
                      ei_codec::atom(function), ei_codec::list(std::move(arguments))})));
}

bool Requests::can_ask(LinkId link) {
  const Peer* peer = peers_.find(link);
  return peer == nullptr || peer->info.can_be_asked();
}

void Requests::spawn(LinkId link, const Reference& request, std::string_view function,
                     std::uint32_t arity, bool monitor, SharedBytes arguments) {
  dist::SpawnRequest spawn;
  spawn.request = request;
  spawn.from = outbox_.pid(ServedPid::client);
  spawn.group_leader = outbox_.pid(ServedPid::group_leader);
  spawn.module = "erpc";
  spawn.function = function;
  spawn.arity = arity;
  spawn.monitor = monitor;
  outbox_.send(link, std::move(spawn), std::move(arguments));
}

void Requests::call_encoded(LinkId link, const SharedBytes& execute_call_arguments, const Now& now,
                            Answered answered) {
  if (!can_ask(link)) return answered(Error{process_errc::cannot_be_asked, ""}, now);
  const Reference request = outbox_.new_reference();
  spawn(link, request, "execute_call", 4, true, execute_call_arguments);
  await(request,
        {link, now.monotonic_ms + request_timeout_ms, std::nullopt, true, std::move(answered)});
}

void Requests::call(LinkId link, std::string_view module, std::string_view function,
                    std::vector<Term> arguments, const Now& now, Answered answered) {
  call_encoded(link, encode_call(module, function, std::move(arguments)), now, std::move(answered));
}

void Requests::cast(LinkId link, std::string_view module, std::string_view function,
                    std::vector<Term> arguments) {
  if (!can_ask(link)) return;
  SharedBytes encoded = share(encode_term(ei_codec::list(
      {ei_codec::atom(module), ei_codec::atom(function), ei_codec::list(std::move(arguments))})));
  spawn(link, outbox_.new_reference(), "execute_cast", 3, false, std::move(encoded));
}

void Requests::call_name(LinkId link, std::string_view name, const Term& request, const Now& now,
                         Answered answered) {
  if (!can_ask(link)) return answered(Error{process_errc::cannot_be_asked, ""}, now);
  const Reference ref = outbox_.new_reference();
  const Pid client = outbox_.pid(ServedPid::client);
  const dist::Target target = ei_codec::Atom{std::string(name)};
  outbox_.send(link, dist::MonitorP{client, target, ref});
  outbox_.send_to_name(
      link, ServedPid::client, name,
      share(encode_term(ei_codec::tuple(
          {ei_codec::atom("$gen_call"), ei_codec::tuple({Term(client), Term(ref)}), request}))));
  await(ref, {link, now.monotonic_ms + request_timeout_ms, target, false, std::move(answered)});
}

void Requests::watch(LinkId link, const Pid& pid, Down down) {
  if (!can_ask(link)) return;
  const Reference ref = outbox_.new_reference();
  outbox_.send(link, dist::MonitorP{outbox_.pid(ServedPid::client), pid, ref});
  watches_.emplace(ref, Watch{link, std::move(down)});
}

void Requests::await(const Reference& ref, Pending pending) {
  wakes_.add(pending.deadline_ms);
  pending_.emplace(ref, std::move(pending));
}

void Requests::finish(std::map<Reference, Pending>::iterator pending, const Result<Term>& answer,
                      const Now& now) {
  // Out of the table first: the answer may ask the next question.
  const Answered answered = std::move(pending->second.answered);
  pending_.erase(pending);
  answered(answer, now);
}

void Requests::demonitor(const Reference& ref, const Pending& pending) {
  if (!pending.target) return;
  outbox_.send(pending.link,
               dist::DemonitorP{outbox_.pid(ServedPid::client), *pending.target, ref});
}

void Requests::receive(ei_codec::ScannedTerm message, const Now& now) {
  // Anything but {Ref, Reply} to a question still open is late or not for us.
  TermReader reader(message);
  if (reader.take_tuple() != 2U || reader.kind() != ei_codec::TermKind::reference) return;
  const auto decoded = decode_term(reader.take_term());
  const auto* ref = decoded ? decoded->get_if<Reference>() : nullptr;
  if (!ref) return;
  const auto pending = pending_.find(*ref);
  if (pending == pending_.end() || pending->second.is_spawn) return;
  demonitor(*ref, pending->second);
  finish(pending, decode_term(reader.take_term()), now);
}

void Requests::spawn_reply(const dist::SpawnReply& reply, const Now& now) {
  const auto pending = pending_.find(reply.request);
  if (pending == pending_.end()) return;
  if (const auto* why = std::get_if<ei_codec::Atom>(&reply.result)) {
    finish(pending, Error{process_errc::call_failed, why->name}, now);
    return;
  }
  pending->second.target = reply.result;
}

void Requests::monitor_exit(const dist::MonitorPExit& exit, ScannedTerm reason, const Now& now) {
  if (const auto watch = watches_.find(exit.ref); watch != watches_.end()) {
    const Down down = std::move(watch->second.down);
    watches_.erase(watch);
    down(reason, now);
    return;
  }
  const auto pending = pending_.find(exit.ref);
  if (pending == pending_.end()) return;
  if (pending->second.is_spawn) {
    finish(pending, call_result(reason), now);
  } else {
    finish(pending, Error{process_errc::no_process, short_text(reason)}, now);
  }
}

void Requests::peer_down(LinkId link, const Now& now) {
  std::erase_if(watches_, [link](const auto& entry) { return entry.second.link == link; });
  std::vector<Answered> answers;
  for (auto& [ref, pending] : pending_) {
    if (pending.link == link) answers.push_back(std::move(pending.answered));
  }
  std::erase_if(pending_, [link](const auto& entry) { return entry.second.link == link; });
  for (const Answered& answered : answers) answered(Error{process_errc::peer_gone, ""}, now);
}

void Requests::wake(const Now& now) {
  if (!wakes_.is_due(now.monotonic_ms)) return;
  while (true) {
    const auto due = std::ranges::find_if(
        pending_, [&](const auto& entry) { return entry.second.deadline_ms <= now.monotonic_ms; });
    if (due == pending_.end()) break;
    demonitor(due->first, due->second);
    finish(due, Error{process_errc::request_timeout, ""}, now);
  }
  wakes_.clear();
  for (const auto& [ref, pending] : pending_) wakes_.add(pending.deadline_ms);
}

}  // namespace groot::process
