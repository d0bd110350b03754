#include "cnode/process/global_name_server.hpp"

#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

TEST_CASE("who wants to exchange global names is told that we have none") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.cast(link, global_name_server_name,
         erl("{init_connect,{8,-576460752303423000},'a@h',{locker,no_longer_a_pid,#{},x}}"));
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  REQUIRE(sent[0].get<dist::RegSend>());
  CHECK(sent[0].get<dist::RegSend>()->to == global_name_server_name);
  CHECK(text(sent[0].message) == "{'$gen_cast',{in_sync,'us@127.0.0.1',true}}");
  for (const std::string_view other : {"{in_sync,'a@h',true}", "{}", "x", "{1}"}) {
    s.cast(link, global_name_server_name, erl(other));
  }
  s.receive(link, dist::RegSend{s.pid_of(link), std::string(global_name_server_name)},
            erl("{lost_connection,a,1,2,b}"));
  CHECK(s.take_sent().empty());
}

}  // namespace
}  // namespace groot::process
