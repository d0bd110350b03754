#include "cnode/process/saves.hpp"

#include "cnode/process/limits.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::tuple;

Script saving(Saving how) {
  return Script(HiddenFeed::off, us, 1, RemoteAdmin::full, how);
}

// A call whose answer may come later.
void ask(Script& s, LinkId link, std::string_view request) {
  const Pid caller = s.pid_of(link);
  s.receive(link, dist::RegSend{caller, std::string(storage_name)},
            tuple({atom("$gen_call"), tuple({Term(caller), atom("tag")}), erl(request)}));
}

// The answers since the last time, as text.
std::vector<std::string> answers(Script& s) {
  std::vector<std::string> found;
  for (const Sent& sent : s.take_sent_as<dist::Send>()) found.push_back(text(sent.message));
  return found;
}

using Answers = std::vector<std::string>;

TEST_CASE("sync: writes are answered when they are saved, reads at once") {
  auto s = saving(Saving::sync);
  const LinkId link = s.quiet_up("a@h");
  ask(s, link, "{set,a,1}");
  ask(s, link, "{set,b,2}");
  ask(s, link, "{delete,c}");
  ask(s, link, "{get,a}");
  ask(s, link, "{set,a,1,-1}");
  const auto at_once = answers(s);
  REQUIRE(at_once.size() == 2);
  CHECK(at_once[0] == "{tag,1}");
  CHECK(at_once[1].starts_with("{tag,{error,{bad_expiry,"));
  const std::uint64_t end = s.replica.journal_end();
  s.router.settled(end - 1, std::nullopt, s.now);
  CHECK(answers(s) == Answers{"{tag,ok}", "{tag,ok}"});
  s.router.settled(end, std::nullopt, s.now);
  CHECK(answers(s) == Answers{"{tag,ok}"});
  CHECK(s.take_warnings().empty());
}

TEST_CASE("sync: more writes than may wait for a disk are answered at once, and stand") {
  auto s = saving(Saving::sync);
  const LinkId link = s.quiet_up("a@h");
  for (std::size_t i = 0; i < writes_waiting_max; ++i) ask(s, link, "{set,a,1}");
  CHECK(answers(s).empty());
  ask(s, link, "{set,b,2}");
  const auto at_once = answers(s);
  REQUIRE(at_once.size() == 1);
  CHECK(at_once[0].starts_with("{tag,{error,{not_saved,"));
  CHECK(at_once[0].find("too many writes wait") != std::string::npos);
  CHECK(s.replica.size() == 2);
  s.router.settled(s.replica.journal_end(), std::nullopt, s.now);
  CHECK(answers(s).size() == writes_waiting_max);
}

TEST_CASE("sync: what cannot be saved is answered so, and stands") {
  auto s = saving(Saving::sync);
  const LinkId link = s.quiet_up("a@h");
  ask(s, link, "{set,a,1}");
  s.router.settled(s.replica.journal_end(), "no space", s.now);
  const auto refused = answers(s);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].starts_with("{tag,{error,{not_saved,<<\""));
  CHECK(refused[0].find("no space") != std::string::npos);
  CHECK(s.get("a") == "1");
  // Once, however often it fails.
  s.router.settled(s.replica.journal_end(), "no space", s.now);
  CHECK(s.take_warnings().size() == 1);
  s.router.settled(s.replica.journal_end(), std::nullopt, s.now);
  CHECK(s.take_warnings().size() == 1);
}

TEST_CASE("async: writes are answered at once") {
  auto s = saving(Saving::async);
  const LinkId link = s.quiet_up("a@h");
  ask(s, link, "{set,a,1}");
  CHECK(answers(s) == Answers{"{tag,ok}"});
}

TEST_CASE("the status says how changes are saved") {
  const auto status = [](Script& s) {
    const LinkId link = s.quiet_up("a@h");
    const Pid caller = s.pid_of(link);
    s.receive(link, dist::RegSend{caller, std::string(storage_name)},
              tuple({atom("system"), tuple({Term(caller), atom("tag")}), atom("get_status")}));
    const auto all = answers(s);
    REQUIRE(all.size() == 1);
    return all[0];
  };
  auto off = saving(Saving::off);
  CHECK(status(off).find("Saving") == std::string::npos);
  auto async = saving(Saving::async);
  CHECK(status(async).find("{\"Saving\",async}") != std::string::npos);
  auto sync = saving(Saving::sync);
  CHECK(status(sync).find("{\"Saving\",sync}") != std::string::npos);
  sync.router.settled(0, "no space", sync.now);
  CHECK(status(sync).find("{\"Saving\",{failing,\"no space\"}}") != std::string::npos);
}

TEST_CASE("sync: remote calls wait as well") {
  auto s = saving(Saving::sync);
  const LinkId link = s.quiet_up("a@h");
  dist::SpawnRequest request;
  request.request = s.new_reference(link);
  request.from = s.pid_of(link);
  request.group_leader = s.pid_of(link);
  request.module = "erpc";
  request.function = "execute_call";
  request.arity = 4;
  request.monitor = true;
  const auto call = [&](std::string_view function, std::string_view arguments) {
    s.receive(link, request,
              ei_codec::list({atom("res"), atom("Elixir.Groot"), atom(function), erl(arguments)}));
  };
  const auto results = [&] {
    std::vector<std::string> found;
    for (const Sent& sent : s.take_sent_as<dist::MonitorPExit>())
      found.push_back(text(sent.message));
    return found;
  };
  call("set", "[k,v]");
  call("get", "[k]");
  CHECK(results() == Answers{"{res,return,v}"});
  s.router.settled(s.replica.journal_end(), std::nullopt, s.now);
  CHECK(results() == Answers{"{res,return,ok}"});
  call("delete", "[k]");
  s.router.settled(s.replica.journal_end(), "no space", s.now);
  const auto failed = results();
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].find("'Elixir.RuntimeError'") != std::string::npos);
  CHECK(failed[0].find("no space") != std::string::npos);
}

}  // namespace
}  // namespace groot::process
