// Which cookie belongs to which peer, and what a new one sets going.
#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/connections.hpp"
#include "cpp_tests/dist/link_peer.hpp"
#include "cpp_tests/dist/network.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

namespace {

using Log = std::vector<std::string>;

// The last of the framed handshake messages that were heard, without its length.
Bytes last_heard(const Bytes& heard) {
  std::size_t at = 0;
  Bytes last;
  while (at < heard.size()) {
    const std::size_t size = std::size_t{heard[at]} << 8 | heard[at + 1];
    last.assign(heard.begin() + static_cast<std::ptrdiff_t>(at + 2),
                heard.begin() + static_cast<std::ptrdiff_t>(at + 2 + size));
    at += 2 + size;
  }
  return last;
}

// A stranger that does not know the cookie, and has the name of a dead node that is dialled: it
// has the dialler make the digest that another handshake of the dialler asks for.
Bytes challenge_of_dead(std::uint32_t number) {
  return message(Challenge{beam_flags, number, 99, name("dead@h")});
}

}  // namespace

TEST_CASE("a cookie that differs: each side learns it in its own way") {
  Network net;
  auto& a = net.start("a@h", "one");
  auto& b = net.start("b@h", "other");
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, 0));
  net.settle();
  net.connect("a@h");
  net.settle();
  CHECK(a.log == Log{"dial b@h: the peer refused our cookie"});
  CHECK(b.log == Log{"failed a@h: the peer does not know our cookie"});

  // A cookie for this one peer mends it, on both sides' word.
  a.connections->set_cookie(name("b@h"), "shared", net.now_ms());
  b.connections->set_cookie(name("a@h"), "shared", net.now_ms());
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, 0));
  net.settle();
  net.connect("a@h");
  net.settle();
  CHECK(a.log.back() == "up b@h");
}

TEST_CASE("the common cookie can be changed for later connections") {
  Network net;
  auto& a = net.start("a@h", "one");
  net.start("b@h", "other");
  a.connections->set_cookie(std::nullopt, "other", net.now_ms());
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, 0));
  net.settle();
  net.connect("a@h");
  net.settle();
  CHECK(a.log == Log{"up b@h"});
}

TEST_CASE("a cookie that is set dials the kept peers that it may have kept away, at once") {
  Network net;
  auto& a = net.start("a@h", "one");
  net.start("b@h", "other");
  a.connections->keep(name("b@h"), net.now_ms());
  for (const auto& peer : {std::optional<NodeName>(), std::optional(name("b@h"))}) {
    net.settle();
    net.connect("a@h");
    net.settle();
    CHECK(a.log.back() == "dial b@h: the peer refused our cookie");
    CHECK(a.dials.empty());
    a.connections->set_cookie(name("c@h"), "for another", net.now_ms());
    net.advance(0);
    CHECK(a.dials.empty());
    a.connections->set_cookie(peer, peer ? "other" : "still wrong", net.now_ms());
    net.advance(0);
    CHECK(a.dials.size() == 1);
  }
  net.connect("a@h");
  net.settle();
  CHECK(a.log.back() == "up b@h");
}

TEST_CASE(
    "a challenge of our own that comes back is not answered: one we have given to who connects") {
  // The same name as was dialled, which a node of a lesser name lets in, or any other.
  for (const auto& [us, claimed] : {std::pair{"a@h", "dead@h"}, std::pair{"z@h", "other@h"}}) {
    Network net;
    auto& a = net.start(us, "secret");
    a.connections->keep(name("dead@h"), 0);
    net.settle();
    const std::size_t dialled = net.connect_to_stranger(us);
    net.say(dialled, message(Status{"ok"}));

    const std::size_t connected = net.connect_stranger(us);
    net.say(connected, message(SendName{beam_flags, 99, name(claimed)}));
    const auto asked = decode_challenge(last_heard(net.heard(connected)));
    REQUIRE(asked);
    const std::size_t heard_before = net.heard(dialled).size();
    net.say(dialled, challenge_of_dead(asked->challenge));
    CHECK(net.heard(dialled).size() == heard_before);
    CHECK_FALSE(net.is_open(dialled));
    CHECK(a.log ==
          Log{"dial dead@h: the peer does not know our cookie: it sent us our own challenge"});
  }
}

TEST_CASE(
    "a challenge of our own that comes back is not answered: one we have given to another "
    "dialled") {
  Network net;
  auto& a = net.start("a@h", "secret");
  a.connections->keep(name("gone@h"), 0);
  a.connections->keep(name("dead@h"), 0);
  net.settle();
  // The one that was named last is dialled first.
  const std::size_t first = net.connect_to_stranger("a@h");
  const std::size_t second = net.connect_to_stranger("a@h");
  net.say(second, message(Status{"ok"}));
  net.say(second, message(Challenge{beam_flags, 7, 98, name("gone@h")}));
  const auto reply = decode_challenge_reply(last_heard(net.heard(second)));
  REQUIRE(reply);
  net.say(first, message(Status{"ok"}));
  const std::size_t heard_before = net.heard(first).size();
  net.say(first, challenge_of_dead(reply->challenge));
  CHECK(net.heard(first).size() == heard_before);
  CHECK(a.log ==
        Log{"dial dead@h: the peer does not know our cookie: it sent us our own challenge"});
  // The other is no worse for it.
  net.say(second, message(ChallengeAck{make_digest("secret", reply->challenge)}));
  CHECK(a.log.back() == "up gone@h");
}

TEST_CASE("a challenge is ours for as long as its handshake lasts, and no longer") {
  Network net;
  auto& a = net.start("z@h", "secret");
  a.connections->keep(name("dead@h"), 0);
  net.settle();
  const std::size_t connected = net.connect_stranger("z@h");
  net.say(connected, message(SendName{beam_flags, 99, name("other@h")}));
  const auto asked = decode_challenge(last_heard(net.heard(connected)));
  REQUIRE(asked);
  net.say(connected, Bytes{0, 1, 99});  // a breach: it is closed
  const std::size_t dialled = net.connect_to_stranger("z@h");
  net.say(dialled, message(Status{"ok"}));
  net.say(dialled, challenge_of_dead(asked->challenge));
  CHECK(decode_challenge_reply(last_heard(net.heard(dialled))));
  CHECK(net.is_open(dialled));
}
