#include "cnode/process/requests.hpp"

#include "cnode/process/limits.hpp"
#include "cnode/process/process_error.hpp"
#include "ei_codec/term_encode.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::tuple;

RouterOptions asking_options() {
  RouterOptions options;
  options.self = node(us);
  options.creation = 7;
  options.random = [] { return std::uint64_t{1}; };
  return options;
}

struct Asking {
  Requests::Answered keep() {
    return [this](const Result<Term>& answer, const Now&) {
      answers.push_back(answer   ? text(*answer)
                        : detail ? answer.error().text()
                                 : answer.error().code.message());
    };
  }
  std::vector<SendFrame> sent() {
    std::vector<SendFrame> frames;
    for (const Action& action : outbox.take()) frames.push_back(std::get<SendFrame>(action));
    return frames;
  }
  void receive(const Term& message) {
    const Bytes bytes = encode_term(message);
    requests.receive(ScannedTerm::trusted(bytes), now);
  }

  void ends(const dist::MonitorPExit& exit, const Term& reason) {
    const Bytes bytes = encode_term(reason);
    requests.monitor_exit(exit, ScannedTerm::trusted(bytes), now);
  }

  RouterOptions options = asking_options();
  Outbox outbox{options};
  Peers peers;
  Requests requests{outbox, peers};
  Now now{1'000, wall_start_ms};
  bool detail = false;  // of errors, too
  std::vector<std::string> answers;
  const Pid runner{{"peer@h"}, 500, 0, 9};
};

using Words = std::vector<std::string>;

TEST_CASE("a remote call: the request, and each way in which it ends") {
  Asking s;
  s.requests.call(1, "erlang", "node", {erl("a")}, s.now, s.keep());
  const auto sent = s.sent();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].link == 1);
  const auto* request = std::get_if<dist::SpawnRequest>(&sent[0].control);
  REQUIRE(request);
  CHECK(request->module == "erpc");
  CHECK(request->function == "execute_call");
  CHECK(request->arity == 4);
  CHECK(request->monitor);
  CHECK(request->from == s.outbox.pid(ServedPid::client));
  CHECK(request->group_leader == s.outbox.pid(ServedPid::group_leader));
  const auto arguments = decoded(whole(sent[0].message));
  const auto& list = arguments.get_if<ei_codec::List>()->elements;
  REQUIRE(list.size() == 4);
  const Term res = list[0];
  CHECK(res.get_if<Reference>());
  CHECK(list[1].is_atom("erlang"));
  CHECK(list[2].is_atom("node"));
  CHECK(text(list[3]) == "[a]");

  const auto ends = [&](const Term& reason) {
    s.requests.spawn_reply({request->request, request->from, false, true, s.runner}, s.now);
    CHECK(s.answers.empty());
    s.ends({s.runner, request->from, request->request}, reason);
    // Answered once.
    s.ends({s.runner, request->from, request->request}, reason);
    REQUIRE(s.answers.size() == 1);
    return s.answers[0];
  };
  SUBCASE("returns") {
    CHECK(ends(tuple({res, atom("return"), erl("[1]")})) == "[1]");
  }
  const std::string failed = make_error_code(process_errc::call_failed).message();
  SUBCASE("raises") {
    CHECK(ends(tuple({res, atom("error"), atom("undef"), erl("[]")})) == failed);
  }
  SUBCASE("throws") {
    CHECK(ends(tuple({res, atom("throw"), atom("x")})) == failed);
  }
  SUBCASE("is killed") {
    CHECK(ends(atom("killed")) == failed);
  }
  SUBCASE("ends with what is too large to tell") {
    s.detail = true;
    const Term large = ei_codec::binary(std::string(logged_reason_bytes_max, 'x'));
    CHECK(ends(tuple({res, atom("exit"), large})).find("of 505 bytes") != std::string::npos);
  }
  SUBCASE("is not let run") {
    s.requests.spawn_reply({request->request, request->from, false, false, Atom{"notsup"}}, s.now);
    CHECK(s.answers == Words{failed});
  }
  SUBCASE("takes too long: the monitor is taken back") {
    s.requests.spawn_reply({request->request, request->from, false, true, s.runner}, s.now);
    CHECK(s.requests.next_wake_ms() == s.now.monotonic_ms + request_timeout_ms);
    s.now.monotonic_ms += request_timeout_ms - 1;
    s.requests.wake(s.now);
    CHECK(s.answers.empty());
    s.now.monotonic_ms += 1;
    s.requests.wake(s.now);
    CHECK(s.answers == Words{make_error_code(process_errc::request_timeout).message()});
    const auto then = s.sent();
    REQUIRE(then.size() == 1);
    const auto* demonitor = std::get_if<dist::DemonitorP>(&then[0].control);
    REQUIRE(demonitor);
    CHECK(demonitor->to == dist::Target(s.runner));
    CHECK(demonitor->ref == request->request);
    CHECK_FALSE(s.requests.next_wake_ms());
  }
  SUBCASE("the link ends") {
    s.requests.peer_down(2, s.now);
    CHECK(s.answers.empty());
    s.requests.peer_down(1, s.now);
    CHECK(s.answers == Words{make_error_code(process_errc::peer_gone).message()});
  }
}

TEST_CASE("a call of a registered name") {
  Asking s;
  s.requests.call_name(1, "name", erl("{hello,1}"), s.now, s.keep());
  const auto sent = s.sent();
  REQUIRE(sent.size() == 2);
  const auto* monitor = std::get_if<dist::MonitorP>(&sent[0].control);
  REQUIRE(monitor);
  CHECK(monitor->to == dist::Target(Atom{"name"}));
  const auto* call = std::get_if<dist::RegSend>(&sent[1].control);
  REQUIRE(call);
  CHECK(call->to == "name");
  CHECK(decoded(whole(sent[1].message)) ==
        tuple({atom("$gen_call"), tuple({Term(monitor->from), Term(monitor->ref)}),
               erl("{hello,1}")}));
  SUBCASE("answered: the monitor is taken back") {
    s.receive(tuple({Term(monitor->ref), erl("{hello,1}")}));
    CHECK(s.answers == Words{"{hello,1}"});
    const auto then = s.sent();
    REQUIRE(then.size() == 1);
    CHECK(std::get<dist::DemonitorP>(then[0].control).ref == monitor->ref);
  }
  SUBCASE("nobody there") {
    s.ends({monitor->to, monitor->from, monitor->ref}, atom("noproc"));
    CHECK(s.answers == Words{make_error_code(process_errc::no_process).message()});
  }
  SUBCASE("messages that answer nothing") {
    for (const Term& other : {atom("x"), tuple({Term(monitor->ref)}), tuple({atom("x"), atom("y")}),
                              tuple({Term(Reference{{"us"}, 7, {9}}), atom("y")})}) {
      s.receive(other);
    }
    CHECK(s.answers.empty());
  }
}

TEST_CASE("a watched process tells once, and nothing when its link ends") {
  Asking s;
  int told = 0;
  const auto count = [&](ei_codec::ScannedTerm reason, const Now&) {
    ++told;
    CHECK(text(reason.bytes()) == "killed");
  };
  s.requests.watch(1, s.runner, count);
  s.requests.watch(2, s.runner, count);
  const auto sent = s.sent();
  REQUIRE(sent.size() == 2);
  const auto& first = std::get<dist::MonitorP>(sent[0].control);
  const auto& second = std::get<dist::MonitorP>(sent[1].control);
  CHECK(first.to == dist::Target(s.runner));
  s.ends({s.runner, first.from, first.ref}, atom("killed"));
  s.ends({s.runner, first.from, first.ref}, atom("killed"));
  s.requests.peer_down(2, s.now);
  s.ends({s.runner, second.from, second.ref}, atom("killed"));
  CHECK(told == 1);
}

TEST_CASE("an answer may ask the next question") {
  Asking s;
  s.requests.call(1, "m", "f", {}, s.now, [&](const Result<Term>&, const Now& then) {
    s.requests.call(1, "m", "g", {}, then, s.keep());
  });
  const auto first = std::get<dist::SpawnRequest>(s.sent().at(0).control);
  s.ends({s.runner, first.from, first.request}, atom("killed"));
  CHECK(s.sent().size() == 1);
  s.requests.peer_down(1, s.now);
  CHECK(s.answers.size() == 1);
}

TEST_CASE("a peer that cannot be asked is sent nothing, and each question is answered at once") {
  Asking s;
  for (const dist::Flag flag :
       {dist::Flag::dist_monitor, dist::Flag::dist_monitor_name, dist::Flag::spawn}) {
    const dist::Flags lacking(dist::hidden_flags.bits() & ~static_cast<std::uint64_t>(flag));
    s.peers.add(1, {node("c1@h"), 9, lacking});
    s.answers.clear();
    s.requests.call(1, "erlang", "node", {}, s.now, s.keep());
    s.requests.call_name(1, "Elixir.Groot.Peer", erl("hello"), s.now, s.keep());
    s.requests.cast(1, "sys", "remove", {});
    s.requests.watch(1, s.runner,
                     [](ei_codec::ScannedTerm, const Now&) { FAIL("nothing was watched"); });
    CHECK(s.answers == Words(2, "the peer does not understand remote calls and monitors"));
    CHECK(s.sent().empty());
    CHECK_FALSE(s.requests.next_wake_ms());
    s.requests.peer_down(1, s.now);
  }
}

TEST_CASE("a cast asks for no answer") {
  Asking s;
  s.requests.cast(1, "sys", "remove", {atom("a"), atom("b")});
  const auto sent = s.sent();
  REQUIRE(sent.size() == 1);
  const auto& request = std::get<dist::SpawnRequest>(sent[0].control);
  CHECK(request.function == "execute_cast");
  CHECK(request.arity == 3);
  CHECK_FALSE(request.monitor);
  CHECK(text(whole(sent[0].message)) == "[sys,remove,[a,b]]");
  CHECK_FALSE(s.requests.next_wake_ms());
}

}  // namespace
}  // namespace groot::process
