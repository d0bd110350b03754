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

// Functions of OTP that are no more here than any other, but whose callers wait for what they say,
// with no eye on their end: dbg:n, and dbg:tracer of another node, of which ttb is made. A process
// that ended as undef would leave them waiting for ever; a spawn that failed they return.
bool speaks_first(const dist::SpawnRequest& request) {
  return request.module == "dbg" && request.function == "do_relay" && request.arity == 2;
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
  if (speaks_first(request)) return refuse("undef");
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
  ei_codec::TermReader reader(delivery.message);
  if (reader.take_tuple() != 2U || reader.kind() != ei_codec::TermKind::pid) return;
  const auto decoded = decode_term(reader.take_term());
  const auto* caller = decoded ? decoded->get_if<Pid>() : nullptr;
  if (!caller) return;
  if (reader.take_atom("features_request")) {
    outbox().send(delivery.link, dist::Send{outbox().pid(ServedPid::rex), *caller},
                  encoded(ei_codec::tuple({atom("features_reply"), atom(self_.full()),
                                           ei_codec::list({atom("erpc")})})));
    return;
  }
  const auto arity = reader.take_tuple();
  if (arity == 5U && reader.take_atom("call")) {
    call_of_c_node(*caller, reader, delivery.link, now);
  } else if (arity == 3U && reader.take_atom("sbcast")) {
    pass_on(*caller, reader, false, delivery, now);
  } else if (arity == 3U && reader.take_atom("send")) {
    pass_on(*caller, reader, true, delivery, now);
  }
}

void RpcProcess::call_of_c_node(const Pid& caller, ei_codec::TermReader& reader, LinkId link,
                                const Now& now) {
  apply(reader, now, [this, link, caller](const Outcome& outcome, const Now&) {
    Bytes head;
    append_tuple(head, 2);
    append_atom(head, "rex");
    SharedMessage message = rex_result(outcome).behind(std::move(head));
    const Pid from = outbox().sender(ServedPid::rex, message);
    outbox().send(link, dist::Send{from, caller}, std::move(message));
  });
}

void RpcProcess::pass_on(const Pid& caller, ei_codec::TermReader& reader, bool with_caller,
                         const Delivery& delivery, const Now& now) {
  const ScannedTerm name = reader.take_term();
  const ScannedTerm message = reader.take_last_term();
  auto atom_name = ei_codec::TermReader(name).take_any_atom();
  // What rex itself was passed is passed on no further, or a message that holds itself a million
  // levels deep would take as many steps.
  const Pid rex = outbox().pid(ServedPid::rex);
  if (delivery.from == rex) atom_name.reset();
  const auto deliver = [&](ScannedTerm passed) {
    return deliver_(delivery.link, rex, ei_codec::Atom{*atom_name}, passed, now);
  };
  bool taken = false;
  if (atom_name && with_caller) {
    Bytes pair;
    append_tuple(pair, 2);
    encode_term(Term(caller), pair);
    append_bytes(pair, message.bytes());
    taken = deliver(ScannedTerm::trusted(pair));
  } else if (atom_name) {
    taken = deliver(message);
  }
  if (taken && with_caller) return;
  Bytes answer;
  append_tuple(answer, 3);
  append_atom(answer, "rex");
  append_atom(answer, self_.full());
  if (taken) {
    append_atom(answer, self_.full());
  } else {
    append_tuple(answer, 2);
    append_atom(answer, "nonexisting_name");
    append_bytes(answer, name.bytes());
  }
  outbox().send(delivery.link, dist::Send{rex, caller}, share(std::move(answer)));
}

}  // namespace groot::process
