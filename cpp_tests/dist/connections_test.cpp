// One Connections at a time: dials, strangers, time.
#include "cnode/dist/connections.hpp"

#include <algorithm>
#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/limits.hpp"
#include "cpp_tests/dist/control_samples.hpp"
#include "cpp_tests/dist/network.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

namespace {

using Log = std::vector<std::string>;

Bytes name_message(const std::string& who) {
  return message(SendName{Flags(0xd07df7fbd), 99, name(who)});
}

std::size_t count(const Log& log, const std::string& line) {
  return static_cast<std::size_t>(std::ranges::count(log, line));
}

}  // namespace

TEST_CASE("a peer that is kept is dialled again and again, soon at first, then less and less") {
  Network net;
  auto& a = net.start("a@h");
  a.connections->keep(name("b@h"), net.now_ms());
  a.connections->keep(name("b@h"), net.now_ms());
  net.drain("a@h");
  CHECK(a.dials.size() == 1);
  std::int64_t longest = 0;
  for (int i = 0; i < 20; ++i) {
    net.refuse("a@h");
    const auto next = a.connections->next_deadline_ms();
    REQUIRE(next);
    const std::int64_t pause = *next - net.now_ms();
    CHECK(pause >= redial_first_ms / 2);
    CHECK(pause <= std::max(redial_soon_ms, net.now_ms() / redial_away_share));
    longest = std::max(longest, pause);
    net.advance(pause - 1);
    CHECK(a.dials.empty());
    net.advance(1);
    REQUIRE(a.dials.size() == 1);
  }
  CHECK(longest > redial_soon_ms / 2);
  CHECK(count(a.log, "dial b@h: the peer cannot be reached") == 20);
}

TEST_CASE("an attempt is made once, and its outcome told once") {
  Network net;
  auto& a = net.start("a@h");
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, 0));
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, 0));
  net.drain("a@h");
  CHECK(a.dials.size() == 1);
  net.refuse("a@h");
  CHECK(a.log == Log{"dial b@h: the peer cannot be reached"});
  CHECK_FALSE(a.connections->next_deadline_ms());
  // A result that nobody asked for changes nothing.
  a.connections->dial_failed(name("b@h"), {dist_errc::connect_failed, {}}, 0);
  net.drain("a@h");
  CHECK(a.log.size() == 1);
}

TEST_CASE("an attempt for a kept peer does not wait for the pause to end") {
  Network net;
  auto& a = net.start("a@h");
  a.connections->keep(name("b@h"), 0);
  net.drain("a@h");
  net.refuse("a@h");
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, 0));
  net.drain("a@h");
  CHECK(a.dials.size() == 1);
}

TEST_CASE("a node has no connection to itself") {
  Network net;
  auto& a = net.start("a@h");
  a.connections->keep(name("a@h"), 0);
  CHECK(a.connections->connect_once(name("a@h"), 1, 0));
  net.drain("a@h");
  CHECK(a.dials.empty());
  const std::size_t wire = net.connect_stranger("a@h");
  net.say(wire, name_message("a@h"));
  CHECK(net.heard(wire) == message(Status{"not_allowed"}));
  CHECK_FALSE(net.is_open(wire));
}

TEST_CASE("disconnect ends a dial under way; what comes of it is closed") {
  Network net;
  auto& a = net.start("a@h");
  net.start("b@h");
  CHECK_FALSE(a.connections->disconnect(name("b@h"), 0));
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, 0));
  net.drain("a@h");
  CHECK(a.connections->disconnect(name("b@h"), 0));
  net.drain("a@h");
  CHECK(a.log == Log{"dial b@h: disconnected on request"});
  net.connect("a@h");
  net.settle();
  CHECK(a.log.size() == 1);
  CHECK(a.connections->peers().empty());
  CHECK_FALSE(a.connections->disconnect(name("b@h"), 0));
}

TEST_CASE("a stranger that says nothing is dropped after the set-up time") {
  Network net;
  auto& a = net.start("a@h");
  const std::size_t wire = net.connect_stranger("a@h");
  CHECK(a.connections->next_deadline_ms() == handshake_timeout_ms);
  net.advance(handshake_timeout_ms - 1);
  CHECK(net.is_open(wire));
  net.advance(1);
  CHECK_FALSE(net.is_open(wire));
  CHECK(a.log == Log{"failed -: the handshake was not finished in time"});
  CHECK_FALSE(a.connections->next_deadline_ms());
}

TEST_CASE("garbage from a stranger costs only its own connection") {
  Network net;
  auto& a = net.start("a@h");
  net.start("b@h");
  a.connections->keep(name("b@h"), 0);
  net.settle();
  net.connect("a@h");
  net.settle();
  const std::size_t wire = net.connect_stranger("a@h");
  net.say(wire, Bytes{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P'});
  CHECK_FALSE(net.is_open(wire));
  const std::size_t other = net.connect_stranger("a@h");
  net.say(other, Bytes{0, 3, 'N', 1, 2});
  CHECK_FALSE(net.is_open(other));
  CHECK(a.connections->peers().size() == 1);
}

TEST_CASE("a peer that lacks flags hears why, and the log names them") {
  Network net;
  auto& a = net.start("a@h");
  const std::size_t wire = net.connect_stranger("a@h");
  net.say(wire, message(SendName{Flags(0x1), 99, name("b@h")}));
  CHECK(net.heard(wire) == message(Status{"not_allowed"}));
  CHECK_FALSE(net.is_open(wire));
  CHECK(a.log == Log{"failed b@h: the peer lacks mandatory distribution flags"});
}

TEST_CASE("connections that never finish the handshake keep no peer out") {
  Network net;
  net.start("a@h");
  auto& b = net.start("b@h");
  std::vector<std::size_t> wires;
  for (std::size_t i = 0; i < pending_handshakes_max; ++i) {
    wires.push_back(net.connect_stranger("a@h"));
  }
  for (const std::size_t wire : wires) CHECK(net.is_open(wire));  // just below

  // The first has said a name: whoever has not goes before it.
  net.say(wires[0], name_message("claimed@h"));
  b.connections->keep(name("a@h"), 0);
  net.settle();
  net.connect("b@h");
  net.settle();
  CHECK(b.log == Log{"up a@h"});
  CHECK(net.is_open(wires[0]));
  CHECK_FALSE(net.is_open(wires[1]));
  CHECK(net.is_open(wires[2]));

  // b is up and counts no more: there is room for one, and the next one drops the oldest again.
  net.connect_stranger("a@h");
  CHECK(net.is_open(wires[2]));
  net.connect_stranger("a@h");
  CHECK_FALSE(net.is_open(wires[2]));
}

TEST_CASE("when all unfinished connections have said a name, the oldest of them goes") {
  Network net;
  net.start("a@h");
  std::vector<std::size_t> wires;
  for (std::size_t i = 0; i < pending_handshakes_max; ++i) {
    wires.push_back(net.connect_stranger("a@h"));
    net.say(wires.back(), name_message("n" + std::to_string(i) + "@h"));
  }
  net.connect_stranger("a@h");
  CHECK_FALSE(net.is_open(wires[0]));
  CHECK(net.is_open(wires[1]));
}

TEST_CASE("as many handshakes may be unfinished as the options say") {
  std::uint32_t random = 1;
  Connections connections({.self = identity("a@h", 10),
                           .cookie = "cookie",
                           .random = [&random] { return random++; },
                           .pending_max = 2});
  const auto first = connections.accepted("first", 0);
  const auto second = connections.accepted("second", 0);
  CHECK_FALSE(connections.next_event(0));
  connections.accepted("third", 0);
  const auto closing = connections.next_event(0);
  REQUIRE(closing);
  CHECK(std::get<CloseSocket>(*closing).link == first);
  CHECK(std::holds_alternative<AttemptFailed>(*connections.next_event(0)));
  CHECK_FALSE(connections.next_event(0));
  CHECK(second.has_value());
}

TEST_CASE("a connection that is given up in the handshake is closed at once, one told why is not") {
  Network net;
  auto& a = net.start("a@h");
  net.start("b@h");
  const std::size_t refused = net.connect_stranger("a@h");
  net.say(refused, name_message("a@h"));
  REQUIRE(a.closings.size() == 1);
  CHECK(a.closings[0].stranger);
  CHECK_FALSE(a.closings[0].at_once);

  net.connect_stranger("a@h");
  net.advance(handshake_timeout_ms);
  REQUIRE(a.closings.size() == 2);
  CHECK(a.closings[1].stranger);
  CHECK(a.closings[1].at_once);

  a.connections->keep(name("b@h"), net.now_ms());
  net.settle();
  net.connect("a@h");
  net.settle();
  a.connections->disconnect(name("b@h"), net.now_ms());
  net.settle();
  REQUIRE(a.closings.size() == 3);
  CHECK_FALSE(a.closings[2].stranger);
  CHECK_FALSE(a.closings[2].at_once);
}

TEST_CASE("claiming a name neither keeps its owner out nor learns anything") {
  Network net;
  auto& a = net.start("a@h");
  auto& b = net.start("b@h");
  const std::size_t wire = net.connect_stranger("a@h");
  net.say(wire, name_message("b@h"));
  b.connections->keep(name("a@h"), 0);
  net.settle();
  net.connect("b@h");
  net.settle();
  CHECK(b.log == Log{"up a@h"});
  CHECK(a.log == Log{"up b@h"});
  CHECK_FALSE(net.is_open(wire));  // the name is taken now
}

TEST_CASE("stopping ends everything and says so to each peer by closing") {
  Network net;
  auto& a = net.start("a@h");
  auto& b = net.start("b@h");
  net.start("c@h");
  a.connections->keep(name("b@h"), 0);
  net.settle();
  a.connections->keep(name("c@h"), 0);
  net.settle();
  CHECK_FALSE(a.connections->connect_once(name("d@h"), 1, 0));
  net.settle();
  net.connect("a@h");
  net.settle();
  const std::size_t stranger = net.connect_stranger("a@h");
  a.connections->stop(net.now_ms());
  net.settle();
  CHECK(count(a.log, "down b@h: this node is stopping") == 1);
  CHECK(count(a.log, "dial c@h: this node is stopping") == 1);
  CHECK(count(a.log, "dial d@h: this node is stopping") == 1);
  CHECK(b.log == Log{"up a@h", "left a@h: the connection ended"});
  CHECK_FALSE(net.is_open(stranger));
  CHECK_FALSE(a.connections->next_deadline_ms());
  CHECK_FALSE(a.connections->accepted("late", 0));
  a.connections->keep(name("b@h"), 0);
  CHECK_FALSE(a.connections->connect_once(name("b@h"), 1, 0));
  a.dials.clear();
  net.settle();
  CHECK(a.dials.empty());
}

TEST_CASE("what concerns links that are gone is ignored") {
  Network net;
  auto& a = net.start("a@h");
  a.connections->feed(77, Bytes{1, 2, 3}, 0);
  a.connections->peer_closed(77, 0);
  a.connections->written(77, 5, 0);
  a.connections->send(77, LinkTo{samples::beam(), samples::peer()}, nullptr);
  CHECK(a.connections->take_output(77).empty());
  CHECK(a.connections->take_writable().empty());
  CHECK_FALSE(a.connections->next_event(0));
}
