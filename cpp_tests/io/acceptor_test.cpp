#include "cnode/io/acceptor.hpp"

#include <fcntl.h>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "cpp_tests/io/fake_epmd.hpp"

using groot::io::Acceptor;
using groot::io::AsioError;
using groot::io::run_until;
using groot::io::tcp;
namespace asio = boost::asio;

namespace {

bool has_ipv6() {
  asio::io_context context;
  tcp::acceptor probe(context);
  AsioError error;
  probe.open(tcp::v6(), error);
  if (!error) probe.bind(tcp::endpoint(asio::ip::address_v6::loopback(), 0), error);
  return !error;
}

// What `text` the acceptor sees of a client that connects from `from`.
std::string accepted_from(const asio::ip::address& from) {
  asio::io_context context;
  Acceptor acceptor(context);
  REQUIRE(acceptor.listen(0).has_value());
  REQUIRE(acceptor.port() != 0);
  std::optional<tcp::socket> accepted;
  acceptor.start([&](tcp::socket socket) { accepted = std::move(socket); },
                 [](const std::string&) {});
  tcp::socket client(context);
  client.connect(tcp::endpoint(from, acceptor.port()));
  REQUIRE(run_until(context, [&] { return accepted.has_value(); }));
  return groot::io::to_text(accepted->remote_endpoint()) ==
                 groot::io::to_text(client.local_endpoint())
             ? "the client"
             : "somebody else";
}

}  // namespace

TEST_CASE("both address families reach one listening socket") {
  CHECK(accepted_from(asio::ip::address_v4::loopback()) == "the client");
  if (has_ipv6()) CHECK(accepted_from(asio::ip::address_v6::loopback()) == "the client");
}

TEST_CASE("a port in use is refused with its number") {
  asio::io_context context;
  Acceptor first(context);
  REQUIRE(first.listen(0).has_value());
  Acceptor second(context);
  const auto refused = second.listen(first.port());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == std::errc::address_in_use);
  CHECK(refused.error().detail.find(std::to_string(first.port())) != std::string::npos);
  // And it is free again as soon as the first is closed.
  const auto port = first.port();
  first.close();
  CHECK(second.listen(port).has_value());
}

TEST_CASE("addresses are written as people write them") {
  using asio::ip::make_address;
  CHECK(groot::io::to_text({make_address("127.0.0.1"), 4369}) == "127.0.0.1:4369");
  CHECK(groot::io::to_text({make_address("::1"), 4369}) == "[::1]:4369");
  CHECK(groot::io::to_text({make_address("::ffff:10.0.0.7"), 80}) == "10.0.0.7:80");
}
