// Whom to dial, how many at a time, and for whom.
#include <algorithm>
#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/connections.hpp"
#include "cnode/dist/limits.hpp"
#include "cpp_tests/dist/network.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

namespace {

using Log = std::vector<std::string>;

NodeName numbered(std::size_t number) {
  return name("n" + std::to_string(number) + "@h");
}

}  // namespace

TEST_CASE("only so many dials are under way, and the rest follow as they end") {
  Network net;
  auto& a = net.start("a@h");
  for (std::size_t i = 0; i < 1'000; ++i) a.connections->keep_found(numbered(i), 0);
  net.drain("a@h");
  CHECK(a.dials.size() == dials_first_max);
  // Somebody who waits for one has room of his own.
  CHECK_FALSE(a.connections->connect_once(name("asked@h"), 1, 0));
  net.drain("a@h");
  CHECK(a.dials.size() == dials_first_max + 1);
  CHECK(a.dials.back() == name("asked@h"));

  std::size_t tried = 0;
  while (!a.dials.empty()) {
    CHECK(a.dials.size() <= dials_max);
    tried += a.dials.size();
    net.refuse("a@h");
  }
  CHECK(tried == 1'001);
}

TEST_CASE("a handshake that does not end takes the room of a dial") {
  Network net;
  auto& a = net.start("a@h");
  for (std::size_t i = 0; i < 2 * dials_first_max; ++i) {
    net.start(numbered(i).full());
    a.connections->keep_found(numbered(i), 0);
  }
  net.drain("a@h");
  for (std::size_t i = 0; i < dials_first_max; ++i) net.hold(net.connect("a@h"), true);
  net.drain("a@h");
  CHECK(a.dials.empty());
  net.advance(handshake_timeout_ms);
  CHECK(a.dials.size() == dials_first_max);
}

TEST_CASE("what has failed before leaves room for what has not been tried") {
  Network net;
  auto& a = net.start("a@h");
  for (std::size_t i = 0; i < dials_max; ++i) a.connections->keep_found(numbered(i), 0);
  net.drain("a@h");
  net.refuse("a@h");
  net.refuse("a@h");
  net.advance(redial_last_ms);
  CHECK(a.dials.size() == dials_again_max);
  a.connections->keep_found(name("new@h"), net.now_ms());
  net.drain("a@h");
  CHECK(a.dials.back() == name("new@h"));
}

TEST_CASE("thousands of names that nobody answers to cost a few dials a second") {
  Network net;
  auto& a = net.start("a@h");
  constexpr std::size_t names = 4'096;
  for (std::size_t i = 0; i < names; ++i) a.connections->keep_found(numbered(i), 0);
  const auto dials_in = [&](std::int64_t seconds) {
    std::size_t dials = 0;
    for (std::int64_t i = 0; i < 10 * seconds; ++i) {
      net.advance(100);
      for (; !a.dials.empty(); net.refuse("a@h")) dials += a.dials.size();
      a.log.clear();
    }
    return dials;
  };
  (void)dials_in(600);
  CHECK(dials_in(120) <= 2 * names);
}

TEST_CASE("a name that is released is not dialled again, one kept for good is") {
  Network net;
  auto& a = net.start("a@h");
  a.connections->keep_found(name("found@h"), 0);
  a.connections->keep(name("good@h"), 0);
  a.connections->keep_found(name("good@h"), 0);
  net.drain("a@h");
  net.refuse("a@h");
  a.connections->release(name("found@h"));
  a.connections->release(name("good@h"));
  a.connections->release(name("unknown@h"));
  net.advance(redial_last_ms);
  REQUIRE(a.dials.size() == 1);
  CHECK(a.dials.front() == name("good@h"));
  // Found again, it is dialled at once.
  a.connections->keep_found(name("found@h"), net.now_ms());
  net.drain("a@h");
  CHECK(a.dials.back() == name("found@h"));
}

TEST_CASE("a released name that waits for its dial is not dialled, one asked for is") {
  Network net;
  auto& a = net.start("a@h");
  for (std::size_t i = 0; i < dials_max; ++i) {
    CHECK_FALSE(a.connections->connect_once(numbered(i), i + 1, 0));
  }
  a.connections->keep_found(name("found@h"), 0);
  a.connections->keep_found(name("asked@h"), 0);
  net.drain("a@h");
  CHECK(a.dials.size() == dials_max);
  CHECK_FALSE(a.connections->connect_once(name("asked@h"), 1'000, 0));
  a.connections->release(name("found@h"));
  a.connections->release(name("asked@h"));
  net.refuse("a@h");
  CHECK(a.dials == std::deque<NodeName>{name("asked@h")});
}

TEST_CASE("a link to a released peer stays until it ends") {
  Network net;
  auto& a = net.start("a@h");
  net.start("b@h");
  a.connections->keep_found(name("b@h"), 0);
  net.settle();
  net.connect("a@h");
  net.settle();
  a.connections->release(name("b@h"));
  net.settle();
  CHECK(a.log == Log{"up b@h"});
  net.at("b@h").connections->stop(net.now_ms());
  net.settle();
  CHECK(a.log.back() == "left b@h: the connection ended");
  net.advance(redial_last_ms);
  CHECK(a.dials.empty());
}

TEST_CASE("a link that the peer ends is told from one that the network cuts") {
  Network net;
  auto& a = net.start("a@h");
  auto& b = net.start("b@h");
  a.connections->keep(name("b@h"), 0);
  net.settle();
  const std::size_t wire = net.connect("a@h");
  net.settle();
  SUBCASE("the peer disconnects, or ends") {
    CHECK(b.connections->disconnect(name("a@h"), net.now_ms()));
    net.settle();
    CHECK(a.log.back() == "left b@h: the connection ended");
  }
  SUBCASE("the end of a link that was silent is heard late") {
    net.hold(wire, true);
    for (int i = 0; i < 31; ++i) net.advance(1'000);
    CHECK(b.connections->disconnect(name("a@h"), net.now_ms()));
    net.hold(wire, false);
    a.connections->peer_closed(a.up_links.at("b@h"), net.now_ms());
    net.drain("a@h");
    CHECK(a.log.back() == "down b@h: the connection ended");
  }
  SUBCASE("we do") {
    CHECK(a.connections->disconnect(name("b@h"), net.now_ms()));
    net.settle();
    CHECK(a.log.back() == "down b@h: disconnected on request");
  }
}

TEST_CASE("who asks while an attempt is under way has another one, should that fail") {
  Network net;
  auto& a = net.start("a@h", "one");
  auto& b = net.start("b@h", "other");
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, 0));
  net.settle();
  const std::size_t wire = net.connect("a@h");
  net.drain("a@h");
  SUBCASE("in the handshake, before the peer's cookie is mended") {
    net.deliver_to(wire, "b@h");
    net.hold(wire, true);
    b.connections->set_cookie(std::nullopt, "one", net.now_ms());
    CHECK_FALSE(a.connections->connect_once(name("b@h"), 2, net.now_ms()));
    net.hold(wire, false);
    net.settle();
    CHECK(a.answered == std::vector<AskNumber>{1});
    REQUIRE(a.dials.size() == 1);
    net.connect("a@h");
    net.settle();
    CHECK(a.log.back() == "up b@h");
  }
  SUBCASE("and the other attempt may fail as well") {
    CHECK_FALSE(a.connections->connect_once(name("b@h"), 2, net.now_ms()));
    CHECK_FALSE(a.connections->connect_once(name("b@h"), 3, net.now_ms()));
    net.settle();
    CHECK(a.answered == std::vector<AskNumber>{1});
    net.refuse("a@h");
    CHECK(a.answered == std::vector<AskNumber>{1, 3});
    net.advance(refused_last_ms);
    CHECK(a.dials.empty());
  }
  SUBCASE("unless it is disconnected meanwhile: all are answered") {
    CHECK_FALSE(a.connections->connect_once(name("b@h"), 2, net.now_ms()));
    CHECK(a.connections->disconnect(name("b@h"), net.now_ms()));
    net.settle();
    CHECK(a.answered == std::vector<AskNumber>{2});
    CHECK(a.dials.empty());
  }
  SUBCASE("or the node stops") {
    CHECK_FALSE(a.connections->connect_once(name("b@h"), 2, net.now_ms()));
    a.connections->stop(net.now_ms());
    net.settle();
    CHECK(a.answered == std::vector<AskNumber>{2});
    CHECK(a.dials.empty());
  }
}

TEST_CASE("a peer that refuses us is dialled every few minutes, and at once when somebody acts") {
  Network net;
  auto& a = net.start("a@h", "one");
  net.start("b@h", "other");
  a.connections->keep(name("b@h"), 0);
  net.settle();
  const auto refusals_in = [&](std::int64_t seconds) {
    int refusals = 0;
    for (std::int64_t i = 0; i < seconds; ++i) {
      for (; !a.dials.empty(); ++refusals) {
        net.connect("a@h");
        net.settle();
      }
      net.advance(1'000);
    }
    return refusals;
  };
  CHECK(refusals_in(60) <= 7);
  (void)refusals_in(900);
  CHECK(refusals_in(3'600) <= 24);

  SUBCASE("who asks for it") {
    CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, net.now_ms()));
    CHECK(refusals_in(20) >= 3);
  }
  SUBCASE("who sets the cookie, even the wrong one") {
    a.connections->set_cookie(std::nullopt, "still wrong", net.now_ms());
    CHECK(refusals_in(20) >= 3);
  }
}

TEST_CASE("a cookie that is set in the middle of a handshake is tried at once") {
  Network net;
  auto& a = net.start("a@h", "one");
  net.start("b@h", "other");
  a.connections->keep(name("b@h"), 0);
  net.settle();
  net.connect("a@h");
  net.drain("a@h");
  a.connections->set_cookie(std::nullopt, "other", net.now_ms());
  net.settle();
  CHECK(a.log.back() == "dial b@h: the peer refused our cookie");
  REQUIRE(a.dials.size() == 1);
  net.connect("a@h");
  net.settle();
  CHECK(a.log.back() == "up b@h");
}
