// Monitors, links and exit signals, of served and of spawned processes.
#include "cnode/process/signals.hpp"

#include <chrono>

#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;

struct Signalled : Script {
  Signalled() : Script() { link = quiet_up("a@h"); }
  // A process of ours that waits, spawned without link and monitor.
  Pid spawn_waiting() {
    dist::SpawnRequest spawn;
    spawn.request = new_reference(link);
    spawn.from = pid_of(link);
    spawn.group_leader = spawn.from;
    spawn.module = "Elixir.Node";
    spawn.function = "connect";
    spawn.arity = 1;
    receive(link, spawn, erl("['b@h']"));
    const auto sent = take_sent();
    REQUIRE(sent.size() == 1);
    return std::get<Pid>(sent[0].get<dist::SpawnReply>()->result);
  }
  void end_waiting() { router.connect_failed(node("b@h"), 1'000, now); }
  std::vector<dist::Target> served() const {
    std::vector<dist::Target> all;
    for (const auto pid :
         {ServedPid::net_kernel, ServedPid::rex, ServedPid::storage, ServedPid::clock_sync,
          ServedPid::clock, ServedPid::peer, ServedPid::client, ServedPid::group_leader}) {
      all.emplace_back(own_pid(pid));
    }
    for (const std::string_view name :
         {"net_kernel", "rex", "Elixir.Groot.Storage", "Elixir.Groot.ClockSync",
          "Elixir.Groot.Clock", "Elixir.Groot.Peer"}) {
      all.emplace_back(Atom{std::string(name)});
    }
    return all;
  }
  Pid dead() const { return {{us}, 424'242, 0, 7}; }
  Pid old_incarnation() const {
    Pid pid = own_pid(ServedPid::storage);
    pid.creation = 6;
    return pid;
  }
  LinkId link = 0;
};

TEST_CASE("monitors: served processes in silence, unknown ones noproc at once") {
  Signalled s;
  for (const auto& target : s.served()) {
    s.receive(s.link, dist::MonitorP{s.pid_of(s.link), target, s.new_reference(s.link)});
    CHECK(s.take_sent().empty());
  }
  for (const dist::Target& target :
       {dist::Target(Atom{"nobody"}), dist::Target(Atom{"global_name_server"}),
        dist::Target(s.dead()), dist::Target(s.old_incarnation())}) {
    const Reference ref = s.new_reference(s.link);
    s.receive(s.link, dist::MonitorP{s.pid_of(s.link), target, ref});
    const auto sent = s.take_sent();
    REQUIRE(sent.size() == 1);
    const auto* exit = sent[0].get<dist::MonitorPExit>();
    REQUIRE(exit);
    CHECK(exit->from == target);  // pid or name, as it was asked for
    CHECK(exit->to == s.pid_of(s.link));
    CHECK(exit->ref == ref);
    CHECK(sent[0].message.is_atom("noproc"));
    s.receive(s.link, dist::DemonitorP{s.pid_of(s.link), target, ref});
    CHECK(s.take_sent().empty());
  }
}

TEST_CASE("links: to an unknown process noproc; every unlink is acknowledged") {
  Signalled s;
  const Pid peer = s.pid_of(s.link);
  s.receive(s.link, dist::LinkTo{peer, s.own_pid(ServedPid::storage)});
  CHECK(s.take_sent().empty());
  for (const Pid& unknown : {s.dead(), s.old_incarnation()}) {
    s.receive(s.link, dist::LinkTo{peer, unknown});
    const auto sent = s.take_sent();
    REQUIRE(sent.size() == 1);
    const auto* exit = sent[0].get<dist::Exit>();
    REQUIRE(exit);
    CHECK(exit->from == unknown);
    CHECK(exit->to == peer);
    CHECK(sent[0].message.is_atom("noproc"));
  }
  for (const Pid& any : {s.own_pid(ServedPid::storage), s.dead()}) {
    s.receive(s.link, dist::UnlinkId{17, peer, any});
    const auto sent = s.take_sent();
    REQUIRE(sent.size() == 1);
    const auto* ack = sent[0].get<dist::UnlinkIdAck>();
    REQUIRE(ack);
    CHECK(ack->id == 17);
    CHECK(ack->from == any);
    CHECK(ack->to == peer);
  }
}

TEST_CASE("exit signals do not end a served process") {
  Signalled s;
  for (const auto& target : s.served()) {
    const auto* pid = std::get_if<Pid>(&target);
    if (!pid) continue;
    s.receive(s.link, dist::Exit2{s.pid_of(s.link), *pid}, atom("kill"));
    s.receive(s.link, dist::Exit{s.pid_of(s.link), *pid}, atom("crashed"));
    s.receive(s.link, dist::GroupLeader{s.pid_of(s.link), *pid});
  }
  CHECK(s.take_sent().empty());
  CHECK(text(s.call(s.link, "Elixir.Groot.Storage", erl("{set,k,v}"))) == "ok");
}

TEST_CASE("a spawned process: its watchers and links hear how it ends") {
  Signalled s;
  const Pid pid = s.spawn_waiting();
  const Pid peer = s.pid_of(s.link);
  const Reference kept = s.new_reference(s.link);
  const Reference dropped = s.new_reference(s.link);
  s.receive(s.link, dist::MonitorP{peer, pid, kept});
  s.receive(s.link, dist::MonitorP{peer, pid, dropped});
  s.receive(s.link, dist::DemonitorP{peer, pid, dropped});
  s.receive(s.link, dist::LinkTo{peer, pid});
  s.receive(s.link, dist::LinkTo{s.pid_of(s.link, 78), pid});
  s.receive(s.link, dist::UnlinkId{5, s.pid_of(s.link, 78), pid});
  CHECK(s.take_sent().size() == 1);  // the acknowledgement
  std::string reason;
  SUBCASE("by itself") {
    s.end_waiting();
    reason = "normal";
  }
  SUBCASE("killed") {
    s.receive(s.link, dist::Exit2{peer, pid}, atom("kill"));
    reason = "killed";
  }
  SUBCASE("told to") {
    s.receive(s.link, dist::Exit2{peer, pid}, erl("{shutdown,1}"));
    reason = "{shutdown,1}";
  }
  SUBCASE("not by a normal exit") {
    s.receive(s.link, dist::Exit2{peer, pid}, atom("normal"));
    CHECK(s.take_sent().empty());
    s.end_waiting();
    reason = "normal";
  }
  auto sent = s.take_sent();
  REQUIRE(sent.size() == 2);
  REQUIRE(sent[0].get<dist::MonitorPExit>());
  CHECK(sent[0].get<dist::MonitorPExit>()->ref == kept);
  CHECK(text(sent[0].message) == reason);
  REQUIRE(sent[1].get<dist::Exit>());
  CHECK(sent[1].get<dist::Exit>()->to == peer);
  CHECK(text(sent[1].message) == reason);
  // Gone: who asks now is told so.
  s.receive(s.link, dist::MonitorP{peer, pid, dropped});
  sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].message.is_atom("noproc"));
}

TEST_CASE("of many that watch a process, and are linked with it, one is found at once") {
  constexpr std::uint32_t many = 50'000;
  constexpr std::uint32_t some = 2'000;
  Signalled s;
  const auto random = [] { return std::uint64_t{1}; };
  Outbox outbox({.self = node(us), .random = random});
  Spawned spawned(outbox);
  const Pid pid = *spawned.start(s.link);
  std::vector<Reference> refs;
  for (std::uint32_t i = 0; i < many; ++i) {
    refs.push_back(s.new_reference(s.link));
    spawned.monitor(pid, s.link, s.pid_of(s.link), refs.back());
    spawned.link(pid, s.link, s.pid_of(s.link, i));
  }
  const auto since = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < some; ++i) {
    spawned.demonitor(pid, s.link, refs[many - 1 - i]);
    spawned.unlink(pid, s.link, s.pid_of(s.link, many - 1 - i));
  }
  // Found one by one it is a hundred times as long.
  CHECK(std::chrono::steady_clock::now() - since < std::chrono::seconds(1));
  spawned.exit(pid, share(encoded("normal")));
  CHECK(outbox.take().size() == 2 * (many - some));
}

TEST_CASE("the exit of a linked process ends a spawned one, and that link is not told") {
  Signalled s;
  const Pid pid = s.spawn_waiting();
  s.receive(s.link, dist::LinkTo{s.pid_of(s.link), pid});
  s.receive(s.link, dist::LinkTo{s.pid_of(s.link, 78), pid});
  s.receive(s.link, dist::Exit{s.pid_of(s.link), pid}, atom("crashed"));
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].get<dist::Exit>()->to == s.pid_of(s.link, 78));
  CHECK(sent[0].message.is_atom("crashed"));
}

TEST_CASE("what a lost peer watched is forgotten") {
  Signalled s;
  const Pid pid = s.spawn_waiting();
  const LinkId other = s.quiet_up("c@h");
  s.receive(other, dist::MonitorP{s.pid_of(other), pid, s.new_reference(other)});
  s.receive(other, dist::LinkTo{s.pid_of(other), pid});
  s.down(other);
  s.end_waiting();
  CHECK(s.take_sent().empty());
}

TEST_CASE("the group leader we name answers output, so that nobody waits for it") {
  Signalled s;
  const Pid printer = s.pid_of(s.link);
  const Pid leader = s.own_pid(ServedPid::group_leader);
  s.receive(s.link, dist::Send{printer, leader},
            ei_codec::tuple({atom("io_request"), Term(printer), atom("token"),
                             erl("{put_chars,unicode,<<\"x\">>}")}));
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  REQUIRE(sent[0].get<dist::Send>());
  CHECK(sent[0].get<dist::Send>()->to == printer);
  CHECK(text(sent[0].message) == "{io_reply,token,ok}");
  for (const std::string_view other : {"x", "{io_request,a,b,c}", "{io_request}", "{a,b,c,d}"}) {
    s.receive(s.link, dist::Send{printer, leader}, erl(other));
  }
  CHECK(s.take_sent().empty());
}

TEST_CASE("messages to nobody are lost in silence") {
  Signalled s;
  const Pid peer = s.pid_of(s.link);
  s.receive(s.link, dist::RegSend{peer, "nobody"}, erl("{'$gen_cast',x}"));
  s.receive(s.link, dist::RegSend{peer, "logger_proxy"}, erl("{log,error,a,b,c}"));
  s.receive(s.link, dist::Send{peer, s.dead()}, erl("x"));
  s.receive(s.link, dist::Send{peer, s.old_incarnation()}, erl("{'$gen_cast',x}"));
  s.receive(s.link, dist::AliasSend{peer, s.new_reference(s.link)}, erl("x"));
  s.receive(s.link, dist::UnlinkIdAck{1, peer, s.dead()});
  CHECK(s.take_sent().empty());
  CHECK(s.take_warnings().empty());
}

}  // namespace
}  // namespace groot::process
