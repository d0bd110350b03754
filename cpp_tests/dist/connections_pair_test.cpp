// Two Connections back to back, in memory.
#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/connections.hpp"
#include "cnode/dist/limits.hpp"
#include "cpp_tests/dist/control_samples.hpp"
#include "cpp_tests/dist/network.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

namespace {

using Log = std::vector<std::string>;

// a and b, the dial of a connected and the handshake done.
void join(Network& net) {
  net.start("a@h");
  net.start("b@h");
  net.at("a@h").connections->keep(name("b@h"), net.now_ms());
  net.settle();
  net.connect("a@h");
  net.settle();
  REQUIRE(net.at("a@h").log == Log{"up b@h"});
  REQUIRE(net.at("b@h").log == Log{"up a@h"});
}

void send(Network& net, const std::string& from, const std::string& to) {
  auto& node = net.at(from);
  node.connections->send(node.up_links.at(to), RegSend{samples::beam(), "name"},
                         std::make_shared<const Bytes>(samples::hello()));
  net.settle();
}

// Exactly one link joins them, and it works both ways.
void check_joined(Network& net) {
  net.at("a@h").frames.clear();
  net.at("b@h").frames.clear();
  REQUIRE(net.at("a@h").connections->peers().size() == 1);
  REQUIRE(net.at("b@h").connections->peers().size() == 1);
  send(net, "a@h", "b@h");
  send(net, "b@h", "a@h");
  CHECK(net.at("a@h").frames == Log{"REG_SEND to name"});
  CHECK(net.at("b@h").frames == Log{"REG_SEND to name"});
}

}  // namespace

TEST_CASE("two nodes join, however the bytes are cut, and tell each other who they are") {
  for (const std::size_t piece : std::initializer_list<std::size_t>{1000000, 1, 3}) {
    CAPTURE(piece);
    Network net;
    auto& a = net.start("a@h", "cookie", 11);
    auto& b = net.start("b@h", "cookie", 12);
    CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, 0));
    net.settle(piece);
    net.connect("a@h");
    net.settle(piece);
    CHECK(a.log == Log{"up b@h"});
    CHECK(b.log == Log{"up a@h"});
    CHECK(a.connections->peers().front().creation == 12);
    CHECK(b.connections->peers().front().creation == 11);
    CHECK(b.connections->peers().front().flags == hidden_flags);
    CHECK(a.connections->connect_once(name("b@h"), 1, 0));
    check_joined(net);
  }
}

TEST_CASE("both dial at once: one link comes of it, in whatever order the bytes travel") {
  // Which of the two wires connects first, and which one's bytes are held back at first.
  for (const bool a_first : {true, false}) {
    for (const int held : {-1, 0, 1}) {
      for (const std::size_t piece : std::initializer_list<std::size_t>{1000000, 1}) {
        CAPTURE(a_first);
        CAPTURE(held);
        CAPTURE(piece);
        Network net;
        auto& a = net.start("a@h");
        auto& b = net.start("b@h");
        a.connections->keep(name("b@h"), 0);
        b.connections->keep(name("a@h"), 0);
        net.settle(piece);
        const std::size_t first = net.connect(a_first ? "a@h" : "b@h");
        const std::size_t second = net.connect(a_first ? "b@h" : "a@h");
        if (held == 0) net.hold(first, true);
        if (held == 1) net.hold(second, true);
        net.settle(piece);
        net.hold(first, false);
        net.hold(second, false);
        net.settle(piece);
        CHECK(a.log == Log{"up b@h"});
        CHECK(b.log == Log{"up a@h"});
        CHECK(net.is_open(first) != net.is_open(second));
        check_joined(net);
      }
    }
  }
}

TEST_CASE("both have said their names: the connection of the greater name wins") {
  for (const bool a_first : {true, false}) {
    Network net;
    auto& a = net.start("a@h");
    auto& b = net.start("b@h");
    a.connections->keep(name("b@h"), 0);
    b.connections->keep(name("a@h"), 0);
    net.settle();
    const std::size_t first = net.connect(a_first ? "a@h" : "b@h");
    const std::size_t second = net.connect(a_first ? "b@h" : "a@h");
    net.settle();
    CHECK(net.is_open(a_first ? second : first));
    CHECK_FALSE(net.is_open(a_first ? first : second));
  }
}

TEST_CASE("a dial that connects while the peer's handshake runs gives way to it, unsaid") {
  for (const bool greater_dials_late : {true, false}) {
    CAPTURE(greater_dials_late);
    Network net;
    auto& a = net.start("a@h");
    auto& b = net.start("b@h");
    a.connections->keep(name("b@h"), 0);
    b.connections->keep(name("a@h"), 0);
    net.settle();
    const std::string early = greater_dials_late ? "a@h" : "b@h";
    const std::string late = greater_dials_late ? "b@h" : "a@h";
    // The name of the early one has arrived; what it is answered has not.
    const std::size_t first = net.connect(early);
    net.drain(early);
    net.deliver_to(first, late);
    const std::size_t second = net.connect(late);
    net.drain(late);
    CHECK_FALSE(net.is_open(second));
    CHECK(net.is_open(first));
    net.settle(1);
    CHECK(a.log == Log{"up b@h"});
    CHECK(b.log == Log{"up a@h"});
    CHECK(net.is_open(first));
    check_joined(net);
    net.advance(handshake_timeout_ms);
    CHECK(a.dials.empty());
    CHECK(b.dials.empty());
  }
}

TEST_CASE("who only claims a name holds up our own dial once, and not for long") {
  for (const bool claims_again : {false, true}) {
    CAPTURE(claims_again);
    Network net;
    auto& b = net.start("b@h");
    net.start("a@h");
    b.connections->keep(name("a@h"), 0);
    net.settle();
    const std::size_t claim = net.connect_stranger("b@h");
    net.say(claim, message(SendName{Flags(0xd07df7fbd), 99, name("a@h")}));
    net.connect("b@h");
    net.settle();
    CHECK(b.log.empty());
    CHECK(b.dials.empty());
    net.say(claim, message(ChallengeReply{1, Digest{}}));
    CHECK_FALSE(net.is_open(claim));
    REQUIRE(b.dials.size() == 1);
    if (claims_again) {
      net.say(net.connect_stranger("b@h"), message(SendName{Flags(0xd07df7fbd), 99, name("a@h")}));
    }
    net.connect("b@h");
    net.settle();
    CHECK(b.log.back() == "up a@h");
    CHECK(net.at("a@h").log == Log{"up b@h"});
  }
}

TEST_CASE("after nok the peer's connection is awaited for the set-up time, then given up") {
  Network net;
  auto& a = net.start("a@h");
  net.start("b@h");
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, 0));
  net.settle();
  const std::size_t wire = net.connect("a@h");
  net.hold(wire, true);
  // b's own attempt is under way, to an address that leads nowhere.
  auto& b = net.at("b@h");
  b.connections->keep(name("a@h"), 0);
  net.drain("b@h");
  b.dials.clear();
  (void)b.connections->dialed(name("a@h"), "nowhere", 0);
  net.hold(wire, false);
  net.settle();
  CHECK(a.log.empty());
  CHECK_FALSE(net.is_open(wire));
  CHECK(b.log.empty());  // giving way is no failure
  net.advance(handshake_timeout_ms - 1);
  CHECK(a.log.empty());
  net.advance(1);
  CHECK(a.log == Log{"dial b@h: gave way to a simultaneous connection"});
  CHECK(b.log == Log{"dial a@h: the handshake was not finished in time"});
}

TEST_CASE("a peer that restarts takes its old link's place once it has proved the cookie") {
  Network net;
  join(net);
  auto& b = net.at("b@h");
  // a dies without a word: b's old link still looks alive.
  auto& reborn = net.start("a@h", "cookie", 11);
  reborn.connections->keep(name("b@h"), net.now_ms());
  net.settle();
  const std::size_t wire = net.connect("a@h");
  net.settle();
  CHECK(reborn.log == Log{"up b@h"});
  CHECK(b.log ==
        Log{"up a@h", "down a@h: replaced by a newer connection of the same node", "up a@h"});
  CHECK(b.connections->peers().front().creation == 11);
  CHECK(net.is_open(wire));
  check_joined(net);
}

TEST_CASE("who cannot prove the cookie replaces nobody") {
  Network net;
  join(net);
  auto& b = net.at("b@h");
  const std::size_t wire = net.connect_stranger("b@h");
  net.say(wire, message(SendName{Flags(0xd07df7fbd), 99, name("a@h")}));
  CHECK(net.heard(wire) == message(Status{"alive"}));
  check_joined(net);

  // A third one meanwhile is closed without a status.
  const std::size_t third = net.connect_stranger("b@h");
  net.say(third, message(SendName{Flags(0xd07df7fbd), 99, name("a@h")}));
  CHECK(net.heard(third).empty());
  CHECK_FALSE(net.is_open(third));

  net.say(wire, message(Status{"true"}));
  net.say(wire, message(ChallengeReply{1, Digest{}}));
  CHECK_FALSE(net.is_open(wire));
  check_joined(net);
  CHECK(b.log == Log{"up a@h", "failed a@h: another connection of the two nodes is kept",
                     "failed a@h: the peer does not know our cookie"});

  // The place is free again for one that is meant.
  auto& reborn = net.start("a@h", "cookie", 11);
  CHECK_FALSE(reborn.connections->connect_once(name("b@h"), 1, 0));
  net.settle();
  net.connect("a@h");
  net.settle();
  CHECK(reborn.log == Log{"up b@h"});
}

TEST_CASE("a replacement that is not meant leaves the old link alone") {
  Network net;
  join(net);
  const std::size_t wire = net.connect_stranger("b@h");
  net.say(wire, message(SendName{Flags(0xd07df7fbd), 99, name("a@h")}));
  net.say(wire, message(Status{"false"}));
  CHECK_FALSE(net.is_open(wire));
  check_joined(net);

  const std::size_t silent = net.connect_stranger("b@h");
  net.say(silent, message(SendName{Flags(0xd07df7fbd), 99, name("a@h")}));
  net.advance(handshake_timeout_ms);
  CHECK_FALSE(net.is_open(silent));
  check_joined(net);
}

TEST_CASE("idle links live by their ticks, a silent peer is given up and dialled again") {
  Network net;
  join(net);
  auto& a = net.at("a@h");
  auto& b = net.at("b@h");
  for (int i = 0; i < 600; ++i) net.advance(1'000);
  check_joined(net);
  CHECK(a.log.size() == 1);

  net.start("b@h");  // gone without a word
  for (int i = 0; i < 75; ++i) net.advance(1'000);
  CHECK(a.log.back() == "down b@h: nothing was received for the tick time");
  net.advance(redial_first_ms);
  REQUIRE(a.dials.size() == 1);
  net.connect("a@h");
  net.settle();
  CHECK(a.log.back() == "up b@h");
  CHECK(b.log == Log{"up a@h"});
}

TEST_CASE("disconnect ends the link on both sides; a kept peer is left alone for a while") {
  Network net;
  join(net);
  auto& a = net.at("a@h");
  auto& b = net.at("b@h");
  CHECK(a.connections->disconnect(name("b@h"), net.now_ms()));
  net.settle();
  CHECK(a.log.back() == "down b@h: disconnected on request");
  CHECK(b.log.back() == "left a@h: the connection ended");
  net.advance(disconnect_pause_ms - 1);
  CHECK(a.dials.empty());
  SUBCASE("then it is dialled") {
    net.advance(1);
    CHECK(a.dials.size() == 1);
    net.connect("a@h");
  }
  SUBCASE("unless it comes by itself") {
    CHECK_FALSE(b.connections->connect_once(name("a@h"), 1, net.now_ms()));
    net.settle();
    net.connect("b@h");
  }
  SUBCASE("or is wanted") {
    CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, net.now_ms()));
    net.settle();
    net.connect("a@h");
  }
  net.settle();
  CHECK(a.log.back() == "up b@h");
  net.advance(disconnect_pause_ms);
  CHECK(a.dials.empty());
}

TEST_CASE("a peer that was lost is dialled soon, however often it is lost") {
  Network net;
  join(net);
  auto& a = net.at("a@h");
  for (int i = 0; i < 20; ++i) {
    net.start("b@h");
    for (const auto& [link, wire] : a.wires) {
      a.connections->peer_closed(link, net.now_ms());
    }
    net.settle();
    const auto next = a.connections->next_deadline_ms();
    REQUIRE(next);
    CHECK(*next - net.now_ms() <= redial_soon_ms);
    net.advance(*next - net.now_ms());
    REQUIRE(a.dials.size() == 1);
    net.connect("a@h");
    net.settle();
    CHECK(a.log.back() == "up b@h");
  }
}

TEST_CASE("a message to many links goes to those that are up") {
  Network net;
  join(net);
  auto& a = net.at("a@h");
  const LinkId up = a.up_links.at("b@h");
  a.connections->send(std::vector<LinkId>{up + 100, up, up}, RegSend{samples::beam(), "name"},
                      std::make_shared<const Bytes>(samples::hello()));
  CHECK(a.connections->take_writable() == std::vector<LinkId>{up});
  a.connections->send(up, LinkTo{samples::beam(), samples::peer()}, nullptr);
  // Told already, and not taken yet.
  CHECK(a.connections->take_writable().empty());
  const Bytes bytes = joined(a.connections->take_output(up));
  CHECK_FALSE(a.connections->written(up, bytes.size(), net.now_ms()));
  net.at("b@h").connections->feed(net.at("b@h").up_links.at("a@h"), bytes, net.now_ms());
  net.drain("b@h");
  CHECK(net.at("b@h").frames.size() == 3);
}

TEST_CASE("what is written tells whether there is more") {
  Network net;
  join(net);
  auto& a = *net.at("a@h").connections;
  const LinkId up = net.at("a@h").up_links.at("b@h");
  a.send(up, RegSend{samples::beam(), "name"},
         std::make_shared<const Bytes>(3 * fragments_at_once_bytes, 0));
  const auto write = [&] {
    const Bytes bytes = joined(a.take_output(up));
    CHECK_FALSE(bytes.empty());
    return a.written(up, bytes.size(), net.now_ms());
  };
  CHECK(write());
  // The last words of a link that is gone are more, too.
  const Bytes taken = joined(a.take_output(up));
  CHECK(a.disconnect(name("b@h"), net.now_ms()));
  CHECK(a.written(up, taken.size(), net.now_ms()));
  CHECK_FALSE(write());
  CHECK(a.take_output(up).empty());
}

TEST_CASE("a link that breaks the protocol is dropped, and the others live on") {
  Network net;
  join(net);
  auto& a = net.at("a@h");
  auto& c = net.start("c@h");
  c.connections->keep(name("a@h"), 0);
  net.settle();
  net.connect("c@h");
  net.settle();
  const LinkId to_b = a.up_links.at("b@h");
  const Bytes broken{0, 0, 0, 2, 112, 131};
  a.connections->feed(to_b, broken, net.now_ms());
  net.settle();
  CHECK(a.log.back() == "down b@h: a frame breaks the protocol");
  CHECK(a.connections->peers().size() == 1);
  CHECK(c.connections->peers().size() == 1);
}
