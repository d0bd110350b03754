// Which cookie belongs to which peer, and what a new one sets going.
#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/connections.hpp"
#include "cpp_tests/dist/network.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

namespace {

using Log = std::vector<std::string>;

}  // namespace

TEST_CASE("a cookie that differs: each side learns it in its own way") {
  Network net;
  auto& a = net.start("a@h", "one");
  auto& b = net.start("b@h", "other");
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 0));
  net.settle();
  net.connect("a@h");
  net.settle();
  CHECK(a.log == Log{"dial b@h: the peer refused our cookie"});
  CHECK(b.log == Log{"failed a@h: the peer does not know our cookie"});

  // A cookie for this one peer mends it, on both sides' word.
  a.connections->set_cookie(name("b@h"), "shared", net.now_ms());
  b.connections->set_cookie(name("a@h"), "shared", net.now_ms());
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 0));
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
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 0));
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
