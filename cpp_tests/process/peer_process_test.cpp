#include "cnode/process/peer_process.hpp"

#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

TEST_CASE("nodes of this kind greet each other") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  CHECK(text(s.call(link, peer_process_name, erl("{hello,1}"))) ==
        "{hello,4,#{hash => 0,memory => 0,tombstones => 86400000}}");
  CHECK(text(s.call(link, peer_process_name, erl("{hello,4}"))) ==
        "{hello,4,#{hash => 0,memory => 0,tombstones => 86400000}}");
  for (const std::string_view other : {"hello", "{hello,a}", "{hello}", "{hello,1,2}"}) {
    CHECK(text(s.call(link, peer_process_name, erl(other))).starts_with("{error,"));
  }
}

TEST_CASE("one of another version is sent all, and behind it that this was all") {
  Script s;
  s.set("k", "v");
  const LinkId link = s.up("a@h");
  // The answer to our hello: it is a node of this kind, but knows of no exchange.
  for (const Sent& sent : s.take_sent_as<dist::RegSend>()) {
    if (sent.get<dist::RegSend>()->to != peer_process_name) continue;
    const auto& from = sent.message.get_if<ei_codec::Tuple>()->elements.at(1);
    const auto& caller = from.get_if<ei_codec::Tuple>()->elements;
    s.receive(link, dist::Send{s.pid_of(link), *caller.at(0).get_if<Pid>()},
              ei_codec::tuple({caller.at(1), erl("{hello,1}")}));
    break;
  }
  const auto sent = s.take_sent_as<dist::RegSend>();
  REQUIRE(sent.size() >= 2);
  CHECK(text(sent[sent.size() - 2].message).find("update_register") != std::string::npos);
  CHECK(sent.back().get<dist::RegSend>()->to == peer_process_name);
  CHECK(text(sent.back().message) == "{'$gen_cast',{all_sent,false}}");
}

TEST_CASE("what it casts is understood, and nothing else") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.cast(link, peer_process_name, erl("{all_sent,true}"));
  s.cast(link, peer_process_name, erl("{all_sent,false}"));
  CHECK(s.take_warnings().empty());
  s.cast(link, peer_process_name, erl("{all_sent,no}"));
  CHECK(s.take_warnings().size() == 1);
}

}  // namespace
}  // namespace groot::process
