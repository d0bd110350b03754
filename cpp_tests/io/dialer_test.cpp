#include "cnode/io/dialer.hpp"

#include <chrono>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "cnode/dist/dist_error.hpp"
#include "cnode/io/limits.hpp"
#include "cpp_tests/io/fake_epmd.hpp"
#include "ei_codec/byte_writer.hpp"

namespace asio = boost::asio;
using groot::Result;
using groot::dist::dist_errc;
using groot::dist::NodeName;
using groot::ei_codec::Bytes;
using groot::ei_codec::ByteWriter;
using groot::io::dial_timeout;
using groot::io::Dialer;
using groot::io::FakeEpmd;
using groot::io::run_until;
using groot::io::tcp;

namespace {

NodeName name(const char* text) {
  return NodeName::parse(text).value();
}

// PORT2_RESP of a BEAM, as OTP 25's epmd sends it.
Bytes port2_response(std::uint16_t port) {
  Bytes answer;
  ByteWriter(answer).u8(119).u8(0).u16(port).u8(77).u8(0).u16(6).u16(5).u16(1).text("a").u16(0);
  return answer;
}

struct Dialing {
  Dialing() : epmd(context), node(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

  Result<tcp::socket> dial(const char* peer) {
    Dialer dialer(context, epmd.port());
    std::optional<Result<tcp::socket>> result;
    dialer.dial(name(peer), false, [&](Result<tcp::socket> done) { result = std::move(done); });
    CHECK_MESSAGE(!result.has_value(), "called from inside dial");
    REQUIRE(run_until(context, [&] { return result.has_value(); }));
    return std::move(*result);
  }

  asio::io_context context;
  FakeEpmd epmd;
  tcp::acceptor node;
};

}  // namespace

TEST_CASE("a dial asks the peer's epmd and connects to the port it names") {
  Dialing world;
  world.epmd.answer = port2_response(world.node.local_endpoint().port());
  const auto socket = world.dial("a@127.0.0.1");
  REQUIRE(socket.has_value());
  CHECK(socket->remote_endpoint() == world.node.local_endpoint());
  REQUIRE(world.epmd.requests().size() == 1);
  CHECK(world.epmd.requests()[0] == Bytes{0, 2, 122, 'a'});
}

TEST_CASE("an unknown name is told from a host that is away") {
  Dialing world;
  world.epmd.answer = {119, 1};
  const auto unknown = world.dial("nobody@127.0.0.1");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code == dist_errc::not_registered);
  CHECK(unknown.error().detail.find("nobody") != std::string::npos);

  const auto away = world.dial("a@127.1.2.3");
  REQUIRE_FALSE(away.has_value());
  CHECK(away.error().code == dist_errc::connect_failed);
  CHECK(away.error().detail.find("127.1.2.3") != std::string::npos);
}

TEST_CASE("a registered node that does not listen any more is a failed connection") {
  Dialing world;
  world.epmd.answer = port2_response(world.node.local_endpoint().port());
  world.node.close();
  const auto gone = world.dial("a@127.0.0.1");
  REQUIRE_FALSE(gone.has_value());
  CHECK(gone.error().code == dist_errc::connect_failed);
}

TEST_CASE("an epmd that talks nonsense, or stops in the middle, fails the dial") {
  Dialing world;
  world.epmd.answer = {1, 2, 3};
  const auto nonsense = world.dial("a@127.0.0.1");
  REQUIRE_FALSE(nonsense.has_value());
  CHECK(nonsense.error().code == dist_errc::bad_epmd_reply);

  const Bytes whole = port2_response(1);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    world.epmd.answer = Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(world.dial("a@127.0.0.1").has_value());
  }
}

TEST_CASE("a dial that epmd leaves without an answer ends in time") {
  Dialing world;
  world.epmd.close_after_answer = false;
  const auto before = std::chrono::steady_clock::now();
  const auto silent = world.dial("a@127.0.0.1");
  const auto waited = std::chrono::steady_clock::now() - before;
  REQUIRE_FALSE(silent.has_value());
  CHECK(silent.error().code == dist_errc::connect_failed);
  CHECK(world.epmd.requests().size() == 1);
  CHECK(waited >= dial_timeout);
}

TEST_CASE("a dialer that closes calls nobody") {
  Dialing world;
  world.epmd.answer = port2_response(world.node.local_endpoint().port());
  bool called = false;
  {
    Dialer dialer(world.context, world.epmd.port());
    dialer.dial(name("a@127.0.0.1"), false, [&](const auto&) { called = true; });
    dialer.dial(name("a@localhost"), false, [&](const auto&) { called = true; });
    dialer.close();
    world.context.run_for(std::chrono::milliseconds(100));
    dialer.dial(name("a@127.0.0.1"), false, [&](const auto&) { called = true; });
  }
  world.context.restart();
  world.context.run_for(std::chrono::milliseconds(100));
  CHECK_FALSE(called);
}
