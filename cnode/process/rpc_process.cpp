#include "cnode/process/rpc_process.hpp"

#include "cnode/process/term_append.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

using ei_codec::atom;

SharedBytes encoded(const Term& term) {
  return share(encode_term(term));
}

// {Res, return, Value} | {Res, error, Reason, Stack}
SharedMessage execute_call_result(ByteView res, const Outcome& outcome) {
  Bytes out;
  if (const auto* result = std::get_if<Returned>(&outcome)) {
    append_tuple(out, 3);
    append_bytes(out, res);
    append_atom(out, "return");
    return result->value.behind(std::move(out));
  }
  const auto& raised = std::get<Raised>(outcome);
  append_tuple(out, 4);
  append_bytes(out, res);
  append_atom(out, "error");
  encode_term(raised.reason, out);
  append_bytes(out, raised.stack);
  return share(std::move(out));
}

// {Reason, Stack}: what a process that did not catch the error ends with.
void append_crash(const Raised& raised, Bytes& out) {
  append_tuple(out, 2);
  encode_term(raised.reason, out);
  append_bytes(out, raised.stack);
}

// What rex answers: the value, or {badrpc, {'EXIT', {Reason, Stack}}}.
SharedMessage rex_result(const Outcome& outcome) {
  if (const auto* result = std::get_if<Returned>(&outcome)) return result->value;
  Bytes out;
  append_tuple(out, 2);
  append_atom(out, "badrpc");
  append_tuple(out, 2);
  append_atom(out, "EXIT");
  append_crash(std::get<Raised>(outcome), out);
  return share(std::move(out));
}

}  // namespace

void RpcProcess::spawn(LinkId link, const dist::SpawnRequest& request, ScannedTerm arguments,
                       const Now& now) {
  const auto refuse = [&](std::string_view why) {
    outbox().send(link, dist::SpawnReply{request.request, request.from, false, false,
                                         ei_codec::Atom{std::string(why)}});
  };
  if (!request.known_options) return refuse("badopt");
  const auto list = Arguments::read(arguments);
  if (!list || list->size() != request.arity) return refuse("badarg");
  const auto pid = spawned_.start(link);
  if (!pid) return refuse("system_limit");
  outbox().send(
      link, dist::SpawnReply{request.request, request.from, request.link, request.monitor, *pid});
  if (request.monitor) spawned_.monitor(*pid, link, request.from, request.request);
  if (request.link) spawned_.link(*pid, link, request.from);
  if (request.module == "erpc" && request.function == "execute_call" && list->size() == 4) {
    execute_call(*pid, *list, now);
  } else if (request.module == "erpc" && request.function == "execute_cast" && list->size() == 3) {
    execute_cast(*pid, *list, now);
  } else {
    run(*pid, request.module, request.function, *list, now);
  }
}

void RpcProcess::execute_call(const Pid& pid, const Arguments& arguments, const Now& now) {
  const ByteView res = arguments[0].bytes();
  const auto module = atom_argument(arguments, 1);
  const auto function = atom_argument(arguments, 2);
  const auto list = Arguments::read(arguments[3]);
  if (!module || !function || !list) {
    // erpc itself answers {erpc, badarg}; the wrong shape cannot come from it.
    spawned_.exit(pid, encoded(ei_codec::tuple({atom("erpc"), atom("badarg")})));
    return;
  }
  functions_.call(
      *module, *function, *list, now,
      [this, pid, res = Bytes(res.begin(), res.end())](const Outcome& outcome, const Now&) {
        spawned_.exit(pid, execute_call_result(res, outcome));
      });
}

void RpcProcess::execute_cast(const Pid& pid, const Arguments& arguments, const Now& now) {
  const auto module = atom_argument(arguments, 0);
  const auto function = atom_argument(arguments, 1);
  const auto list = Arguments::read(arguments[2]);
  if (!module || !function || !list) {
    spawned_.exit(pid, encoded(atom("badarg")));
    return;
  }
  run(pid, *module, *function, *list, now);
}

void RpcProcess::run(const Pid& pid, std::string_view module, std::string_view function,
                     const Arguments& arguments, const Now& now) {
  functions_.call(module, function, arguments, now,
                  [this, pid](const Outcome& outcome, const Now&) {
                    if (const auto* raised = std::get_if<Raised>(&outcome)) {
                      Bytes reason;
                      append_crash(*raised, reason);
                      spawned_.exit(pid, share(std::move(reason)));
                    } else {
                      spawned_.exit(pid, encoded(atom("normal")));
                    }
                  });
}

bool RpcProcess::apply(ei_codec::TermReader& reader, const Now& now, const Finish& finish) {
  const auto module = reader.take_any_atom();
  if (!module) return false;
  const auto function = reader.take_any_atom();
  if (!function) return false;
  const auto list = Arguments::read(reader.take_term());
  if (!list) return false;
  functions_.call(*module, *function, *list, now, finish);
  return true;
}

bool RpcProcess::on_call(const ReplyTo& from, ScannedTerm request, const Delivery&,
                         const Now& now) {
  ei_codec::TermReader reader(request);
  if (reader.take_tuple() != 5U) return false;
  if (!reader.take_atom("block_call") && !reader.take_atom("call")) return false;
  return apply(reader, now, [this, from](const Outcome& outcome, const Now&) {
    answer(from, rex_result(outcome));
  });
}

bool RpcProcess::on_cast(ScannedTerm message, const Delivery&, const Now& now) {
  ei_codec::TermReader reader(message);
  return reader.take_tuple() == 5U && reader.take_atom("cast") &&
         apply(reader, now, [](const Outcome&, const Now&) {});
}

void RpcProcess::on_info(const Delivery& delivery, const Now& now) {
  // {Pid, {call, M, F, Args, GroupLeader}} → {rex, Value}, as C nodes call;
  // {Pid, features_request} → {features_reply, Node, [erpc]}, as OTP asks visible nodes.
  ei_codec::TermReader reader(delivery.message);
  if (reader.take_tuple() != 2U || reader.kind() != ei_codec::TermKind::pid) return;
  const auto decoded = decode_term(reader.take_term());
  const auto* pid = decoded ? decoded->get_if<Pid>() : nullptr;
  if (!pid) return;
  const Pid caller = *pid;
  const LinkId link = delivery.link;
  if (reader.take_atom("features_request")) {
    outbox().send(link, dist::Send{outbox().pid(ServedPid::rex), caller},
                  encoded(ei_codec::tuple({atom("features_reply"), atom(self_.full()),
                                           ei_codec::list({atom("erpc")})})));
    return;
  }
  if (reader.take_tuple() != 5U || !reader.take_atom("call")) return;
  apply(reader, now, [this, link, caller](const Outcome& outcome, const Now&) {
    Bytes head;
    append_tuple(head, 2);
    append_atom(head, "rex");
    SharedMessage message = rex_result(outcome).behind(std::move(head));
    const Pid from = outbox().sender(ServedPid::rex, message);
    outbox().send(link, dist::Send{from, caller}, std::move(message));
  });
}

}  // namespace groot::process
