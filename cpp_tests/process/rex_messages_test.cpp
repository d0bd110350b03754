// Every message that rex understands on OTP 25 to 29 (lib/kernel/src/rpc.erl), and what it is
// answered here.
#include "cnode/process/rpc_process.hpp"
#include "ei_codec/term_encode.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::tuple;

// `request` as a plain message of a process on `link`, {Pid, request}: what that process is sent.
std::vector<std::string> asked(Script& s, LinkId link, const Term& request) {
  const Pid caller = s.pid_of(link);
  s.receive(link, dist::RegSend{caller, "rex"}, tuple({Term(caller), request}));
  std::vector<std::string> answers;
  for (const Sent& sent : s.take_sent()) {
    REQUIRE(sent.get<dist::Send>());
    CHECK(sent.get<dist::Send>()->to == caller);
    answers.push_back(text(sent.message));
  }
  return answers;
}

TEST_CASE("rex: plain messages, and what their sender is told") {
  struct Row {
    std::string_view request;
    std::vector<std::string> answers;
  };
  const std::vector<Row> rows{
      {"{call,'Elixir.Groot',get,[k],user}", {"{rex,v}"}},
      {"{call,'Elixir.Groot',get,[k],send_stdout_to_caller}", {"{rex,v}"}},
      {"{call,nowhere,f,[],user}", {"{rex,{badrpc,{'EXIT',{undef,[{nowhere,f,[],[]}]}}}}"}},
      {"features_request", {"{features_reply,'us@127.0.0.1',[erpc]}"}},
      {"{sbcast,'Elixir.Groot.Storage',hello}", {"{rex,'us@127.0.0.1','us@127.0.0.1'}"}},
      {"{sbcast,rex,hello}", {"{rex,'us@127.0.0.1','us@127.0.0.1'}"}},
      {"{sbcast,nobody,hello}", {"{rex,'us@127.0.0.1',{nonexisting_name,nobody}}"}},
      {"{sbcast,global_name_server,hello}",
       {"{rex,'us@127.0.0.1',{nonexisting_name,global_name_server}}"}},
      {"{sbcast,<<\"no name\">>,[1,2]}",
       {"{rex,'us@127.0.0.1',{nonexisting_name,<<\"no name\">>}}"}},
      // Whoever has the name is to answer it.
      {"{send,'Elixir.Groot.Storage',hello}", {}},
      {"{send,rex,features_request}", {"{features_reply,'us@127.0.0.1',[erpc]}"}},
      {"{send,nobody,hello}", {"{rex,'us@127.0.0.1',{nonexisting_name,nobody}}"}},
      {"{send,#{a => 1},hello}", {"{rex,'us@127.0.0.1',{nonexisting_name,#{a => 1}}}"}},
      // Not of the protocol.
      {"{sbcast,nobody}", {}},
      {"{send,nobody,hello,more}", {}},
      {"{call,m,f,[]}", {}},
      {"unknown", {}},
  };
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.set("k", "v");
  for (const Row& row : rows)
    CHECK_MESSAGE(asked(s, link, erl(row.request)) == row.answers, row.request);
  // Neither are these.
  for (const Term& message :
       {atom("unknown"), erl("{'DOWN',1,process,2,normal}"), erl("{a,{sbcast,nobody,hello}}")}) {
    s.receive(link, dist::RegSend{s.pid_of(link), "rex"}, message);
  }
  CHECK(s.take_sent().empty());
}

TEST_CASE("rex: what sbcast carries is taken as if it had been sent by itself") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const Term cast =
      tuple({atom("$gen_cast"),
             tuple({atom("update_register"), register_term(atom("k"), atom("v"), wall_start_ms)})});
  asked(s, link, tuple({atom("sbcast"), atom("Elixir.Groot.Storage"), cast}));
  CHECK(s.get("k") == "v");
  // A call inside is answered to whoever is named there.
  const Term tag = s.new_reference(link);
  const Term call = tuple({atom("$gen_call"), tuple({Term(s.pid_of(link)), tag}), erl("{get,k}")});
  const auto told = asked(s, link, tuple({atom("sbcast"), atom("Elixir.Groot.Storage"), call}));
  REQUIRE(told.size() == 2);
  CHECK(told[0].ends_with(",v}"));
  CHECK(told[1] == "{rex,'us@127.0.0.1','us@127.0.0.1'}");
}

TEST_CASE("rex: a message to itself in a message to itself, as deep as terms go, takes two steps") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const Term caller = s.pid_of(link);
  for (const char* kind : {"sbcast", "send"}) {
    Bytes head{104, 2};  // {Caller, {Kind, rex, …
    encode_term(caller, head);
    const std::array<std::uint8_t, 2> three{104, 3};
    head.insert(head.end(), three.begin(), three.end());
    encode_term(atom(kind), head);
    encode_term(atom("rex"), head);
    Bytes message;
    for (int i = 0; i < 100'000; ++i) message.insert(message.end(), head.begin(), head.end());
    encode_term(atom("innermost"), message);
    s.receive_bytes(link, dist::RegSend{s.pid_of(link), "rex"}, message);
    const std::size_t told = std::string_view(kind) == "sbcast" ? 2 : 0;
    CHECK(s.take_sent().size() == told);
  }
}

TEST_CASE("rex: calls and casts of gen_server") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.set("k", "v");
  CHECK(text(s.call(link, "rex", erl("{block_call,'Elixir.Groot',get,[k],user}"))) == "v");
  CHECK(text(s.call(link, "rex", erl("{call,'Elixir.Groot',get,[k],user}"))) == "v");
  for (const std::string_view other : {"stop", "unknown", "{sbcast,nobody,hello}"}) {
    CHECK(text(s.call(link, "rex", erl(other))).starts_with("{error,{unknown_request,"));
  }
  s.cast(link, "rex", erl("{cast,'Elixir.Groot',set,[k,w],user}"));
  s.cast(link, "rex", atom("unknown"));
  CHECK(s.take_sent().empty());
  CHECK(s.get("k") == "w");
}

TEST_CASE("a function whose caller would wait for its first word for ever is not started") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  dist::SpawnRequest request;
  request.request = s.new_reference(link);
  request.from = s.pid_of(link);
  request.group_leader = request.from;
  request.module = "dbg";
  request.function = "do_relay";
  request.arity = 2;
  request.link = true;
  s.receive(link, request, erl("[a,b]"));
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  const auto* reply = sent[0].get<dist::SpawnReply>();
  REQUIRE(reply);
  CHECK(reply->result == dist::Target(Atom{"undef"}));
  CHECK_FALSE(reply->linked);
}

}  // namespace
}  // namespace groot::process
