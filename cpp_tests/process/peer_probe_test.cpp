#include "cnode/process/peer_probe.hpp"

#include <algorithm>

#include "cnode/process/limits.hpp"
#include "fake_stock.hpp"

namespace groot::process {
namespace {

using namespace testing;

// A peer is sent what is written here exactly when it is known to take it.
bool replicates(Script& s, FakeStock& peer, const std::string& key) {
  s.set(key, "v");
  peer.settle();
  return peer.get(key) == "v";
}

TEST_CASE("the four kinds of peer") {
  Script s;
  SUBCASE("without Groot: asked again, sent nothing, taken in when Groot starts") {
    FakeStock peer(s, "a@h", Runs::no_groot);
    peer.settle();
    CHECK_FALSE(replicates(s, peer, "k1"));
    const auto asked = [&] {
      return std::ranges::count(peer.calls, std::string("erlang:whereis/1"));
    };
    CHECK(asked() == 1);
    peer.pass(probe_retry_ms + 10);
    CHECK(asked() == 2);
    peer.start_groot(Runs::groot_with_delete);
    peer.pass(probe_retry_ms + 10);
    CHECK(peer.get("k1") == "v");
    CHECK(replicates(s, peer, "k2"));
  }
  SUBCASE("0.1.x") {
    FakeStock peer(s, "a@h", Runs::groot_without_delete);
    peer.settle();
    CHECK(replicates(s, peer, "k"));
  }
  SUBCASE("with delete") {
    FakeStock peer(s, "a@h", Runs::groot_with_delete);
    peer.settle();
    CHECK(replicates(s, peer, "k"));
  }
  SUBCASE("one of ours") {
    const LinkId link = s.up("a@h");
    bool answered = false;
    for (const Sent& sent : s.take_sent()) {
      const auto* call = sent.get<dist::RegSend>();
      if (!call || call->to != "Elixir.Groot.Peer") continue;
      const auto& from = sent.message.get_if<ei_codec::Tuple>()
                             ->elements.at(1)
                             .get_if<ei_codec::Tuple>()
                             ->elements;
      s.receive(link, dist::Send{s.pid_of(link), *from.at(0).get_if<Pid>()},
                ei_codec::tuple({from.at(1), erl("{hello,1}")}));
      answered = true;
    }
    REQUIRE(answered);
    (void)s.take_sent();
    s.set("\"list key\"", "v");
    const auto sent = s.take_sent_as<dist::RegSend>();
    REQUIRE(sent.size() == 1);
    CHECK(text(sent[0].message).find("update_register") != std::string::npos);
  }
}

TEST_CASE("the version is asked after the module is loaded") {
  Script s;
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.settle();
  const auto place = [&](const std::string& call) {
    const auto found = std::ranges::find(peer.calls, call);
    REQUIRE(found != peer.calls.end());
    return found - peer.calls.begin();
  };
  CHECK(place("erlang:whereis/1") < place("code:ensure_loaded/1"));
  CHECK(place("code:ensure_loaded/1") < place("erlang:function_exported/3"));
}

TEST_CASE("a full state of what we hold goes out on link up, in one message") {
  Script s;
  for (int i = 0; i < 50; ++i) s.set("k" + std::to_string(i), std::to_string(i));
  s.set("\"list\"", "v");
  FakeStock peer(s, "a@h", Runs::groot_without_delete);
  peer.settle();
  CHECK(peer.states_pushed == 1);
  CHECK(peer.get("k49") == "49");
  CHECK(peer.deaths == 0);
}

TEST_CASE("a storage process that dies is noticed and given back what it lost") {
  Script s;
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.settle();
  s.set("k", "v");
  peer.settle();
  SUBCASE("restarted at once") {
    peer.kill_storage();
    peer.settle();
    CHECK(peer.get("k") == "v");
  }
  SUBCASE("restarted a little later") {
    peer.kill_storage(false);
    peer.settle();
    s.set("meanwhile", "v");
    peer.pass(3 * restart_retry_ms);
    CHECK(peer.get("k") == "none");
    peer.kill_storage(true);  // there again
    peer.pass(2 * restart_retry_ms);
    CHECK(peer.get("k") == "v");
    CHECK(peer.get("meanwhile") == "v");
  }
  SUBCASE("again and again") {
    for (int i = 0; i < 5; ++i) {
      peer.kill_storage();
      peer.settle();
      CHECK(peer.get("k") == "v");
    }
  }
  CHECK(s.get("k") == "v");
  CHECK(replicates(s, peer, "more"));
}

TEST_CASE("a storage process that is stopped in good order is no warning") {
  Script s;
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.settle();
  s.set("k", "v");
  peer.settle();
  for (const std::string_view reason : {"shutdown", "{shutdown,for_maintenance}", "normal"}) {
    (void)s.take_warnings();
    peer.kill_storage(true, reason);
    CHECK(s.take_warnings().empty());
    peer.settle();
    CHECK(peer.get("k") == "v");
  }
  for (const std::string_view reason : {"killed", "noproc", "{normal,1}", "{badmatch,shutdown}"}) {
    (void)s.take_warnings();
    peer.kill_storage(true, reason);
    CHECK(s.take_warnings() ==
          std::vector<std::string>{"the storage process of a@h died; it lost its data"});
    peer.settle();
  }
}

TEST_CASE("a process that died before it was watched is found out") {
  Script s;
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  // The answer to whereis names a process that is dead by now.
  peer.canned["erlang:whereis"] = Term(Pid{{"a@h"}, 99, 0, 9});
  peer.settle(true);
  s.set("k", "v");
  peer.canned["erlang:whereis"] = Term(peer.storage());
  peer.settle();
  CHECK(peer.get("k") == "v");
}

TEST_CASE("a peer that does not answer, or refuses calls, is asked again") {
  Script s;
  s.set("k", "v");
  SUBCASE("silent") {
    FakeStock peer(s, "a@h", Runs::groot_with_delete);
    peer.answers = false;
    peer.pass(request_timeout_ms + 100);
    peer.answers = true;
    peer.pass(2 * probe_retry_ms + request_timeout_ms);
    CHECK(peer.get("k") == "v");
  }
  SUBCASE("no spawn") {
    FakeStock peer(s, "a@h", Runs::groot_with_delete);
    (void)s.take_warnings();
    peer.spawns = false;
    peer.pass(10'000);
    CHECK(peer.get("k") == "none");
    CHECK(s.take_warnings().size() == 2);  // one line for the probe, one for discovery
    peer.spawns = true;
    peer.pass(probe_retry_ms + 10);
    CHECK(peer.get("k") == "v");
  }
}

TEST_CASE("a link that ends in the middle of the questions leaves nothing behind") {
  for (int answered = 0; answered < 12; ++answered) {
    Script s;
    FakeStock peer(s, "a@h", Runs::groot_with_delete);
    peer.answer_only(answered);
    peer.cut();
    (void)s.take_sent();
    s.pass(60'000);
    CHECK(s.take_sent().empty());
    s.set("k", "v");
    CHECK(s.take_sent().empty());
    peer.reconnect();
    peer.settle();
    CHECK(peer.get("k") == "v");
  }
}

}  // namespace
}  // namespace groot::process
