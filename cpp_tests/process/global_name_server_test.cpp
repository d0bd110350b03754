#include "cnode/process/global_name_server.hpp"

#include "cnode/process/limits.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

// What a raw message to the name leads to.
void tell(Script& s, LinkId link, std::string_view message) {
  s.receive(link, dist::RegSend{s.pid_of(link), std::string(global_name_server_name)},
            erl(message));
}

std::vector<std::string> kept(Script& s) {
  std::vector<std::string> names;
  for (const auto& keep : s.take_actions_as<KeepConnected>()) names.push_back(keep.peer.full());
  return names;
}
using Words = std::vector<std::string>;

TEST_CASE("who wants to exchange global names is told that we have none") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  for (const std::string_view request :
       {"{init_connect,{8,-576460752303423000},'a@h',{locker,no_longer_a_pid,#{},x}}",
        "{init_connect,{9,1,2},'a@h',{another,shape}}", "{init_connect}"}) {
    s.cast(link, global_name_server_name, erl(request));
    const auto sent = s.take_sent();
    REQUIRE(sent.size() == 1);
    REQUIRE(sent[0].get<dist::RegSend>());
    CHECK(sent[0].get<dist::RegSend>()->to == global_name_server_name);
    CHECK(text(sent[0].message) == "{'$gen_cast',{in_sync,'us@127.0.0.1',true}}");
  }
}

TEST_CASE("the nodes that it knows are dialled; other keys of its map are none") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const auto told = [&](std::string_view known) {
    s.cast(link, global_name_server_name,
           erl("{init_connect,{8,5},'a@h',{locker,no_longer_a_pid," + std::string(known) + ",x}}"));
    return kept(s);
  };
  CHECK(told("#{'b@h' => 8, {connection_id,'c@h'} => 7, {pending,'d@h'} => 8, "
             "'us@127.0.0.1' => 8, no_node => 8, 5 => x, 'e@h' => 8}") == Words{"b@h", "e@h"});
  // As OTP 24 and older say it; each node once.
  CHECK(told("['f@h','b@h']") == Words{"f@h"});
  CHECK(told("[]").empty());
  CHECK(told("odd").empty());
}

TEST_CASE("a newcomer is asked to connect to some of those that it lacks") {
  Script s;
  const auto greeted = [&](LinkId link, std::string_view known) {
    s.cast(link, global_name_server_name,
           erl("{init_connect,{8,5},'x@h',{locker,no_longer_a_pid," + std::string(known) + ",x}}"));
    (void)kept(s);
    std::vector<std::string> asked;
    for (const Sent& sent : s.take_sent()) {
      const auto* const named = sent.get<dist::RegSend>();
      if (sent.link == link && named && named->to == "rex") asked.push_back(text(sent.message));
    }
    return asked;
  };
  const auto ask = [](std::string_view node) {
    return "{'$gen_cast',{cast,net_kernel,connect_node,[" + std::string(node) + "],user}}";
  };
  const LinkId a = s.quiet_up("a@h");
  const LinkId b = s.quiet_up("b@h");
  CHECK(greeted(a, "#{}").empty());  // b has not said that it wants to be connected with all
  CHECK(greeted(b, "#{}") == Words{ask("a@h")});
  const LinkId c = s.quiet_up("c@h");
  CHECK(greeted(c, "#{'a@h' => 8}") == Words{ask("b@h")});
  const LinkId d = s.quiet_up("d@h");
  CHECK(greeted(d, "#{}").size() == 3);
  const LinkId e = s.quiet_up("e@h");
  CHECK(greeted(e, "#{}").size() == introductions_max);
  // Who has left is named to nobody.
  s.down(a);
  s.down(b);
  s.down(c);
  s.down(d);
  CHECK(greeted(s.quiet_up("f@h"), "#{}") == Words{ask("e@h")});
}

TEST_CASE("whoever removes its connection to us sees it end") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  tell(s, link, "{remove_connection,'a@h'}");
  const auto ended = s.take_actions_as<Disconnect>();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].peer.full() == "a@h");
  // In nobody else's name.
  tell(s, link, "{remove_connection,'b@h'}");
  CHECK(s.take_actions_as<Disconnect>().empty());
}

TEST_CASE("the rest of what global says is for full members") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.quiet_up("b@h");
  for (const std::string_view other :
       {"{in_sync,'a@h',true}", "{}", "x", "{1}", "{lock_set,x,true,[],1}",
        "{exchange,'a@h',[],[],1}", "{resolved,'a@h',[],[{'b@h',8}],unused,[],1}",
        "{new_nodes,'a@h',[],[],[{'b@h',8}],[{vsn,8}]}"}) {
    s.cast(link, global_name_server_name, erl(other));
  }
  for (const std::string_view other :
       {"{lost_connection,'a@h',1,2,'b@h'}", "{init_connect_ack,'a@h',1,2}",
        "{cancel_connect,'a@h',1}", "{remove_connection}", "{remove_connection,1}", "x"}) {
    tell(s, link, other);
  }
  CHECK(s.take_sent().empty());
  CHECK(s.take_actions_as<Disconnect>().empty());
}

TEST_CASE("its locks and registrations are refused at once, by noproc") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const Reference ref = s.new_reference(link);
  s.receive(link, dist::MonitorP{s.pid_of(link), Atom{std::string(global_name_server_name)}, ref});
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  const auto* down = sent[0].get<dist::MonitorPExit>();
  REQUIRE(down);
  CHECK(down->ref == ref);
  CHECK(sent[0].message.is_atom("noproc"));
}

}  // namespace
}  // namespace groot::process
