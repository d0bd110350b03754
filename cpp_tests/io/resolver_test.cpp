#include "cnode/io/resolver.hpp"

#include <algorithm>
#include <future>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "cnode/dist/dist_error.hpp"
#include "cnode/io/limits.hpp"
#include "cpp_tests/io/fake_epmd.hpp"

using groot::Result;
using groot::io::Resolver;
using groot::io::run_until;

namespace {

Result<Resolver::Addresses> resolve(const std::string& host) {
  boost::asio::io_context context;
  Resolver resolver(context);
  std::optional<Result<Resolver::Addresses>> answer;
  resolver.resolve(host, [&](Result<Resolver::Addresses> result) { answer = std::move(result); });
  CHECK_MESSAGE(!answer.has_value(), "called from inside resolve");
  REQUIRE(run_until(context, [&] { return answer.has_value(); }));
  return *answer;
}

}  // namespace

TEST_CASE("addresses stand for themselves") {
  for (const char* literal : {"127.0.0.1", "10.1.2.3", "::1", "fe80::1"}) {
    CAPTURE(literal);
    const auto found = resolve(literal);
    REQUIRE(found.has_value());
    REQUIRE(found->size() == 1);
    CHECK(found->front() == boost::asio::ip::make_address(literal));
  }
}

TEST_CASE("localhost is a loopback address, IPv4 first") {
  const auto found = resolve("localhost");
  REQUIRE(found.has_value());
  REQUIRE_FALSE(found->empty());
  CHECK(std::ranges::all_of(*found, [](const auto& address) { return address.is_loopback(); }));
  CHECK(std::ranges::is_partitioned(*found, [](const auto& address) { return address.is_v4(); }));
}

TEST_CASE("a host that does not exist fails with its name") {
  // A dot at the start is refused by every resolver without asking anybody.
  const auto found = resolve(".no-such-host.");
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().code == groot::dist::dist_errc::connect_failed);
  CHECK(found.error().detail.find(".no-such-host.") != std::string::npos);
}

TEST_CASE("a resolver may go before its answers come") {
  boost::asio::io_context context;
  bool called = false;
  {
    Resolver resolver(context);
    resolver.resolve("127.0.0.1", [&](const auto&) { called = true; });
    resolver.resolve("localhost", [&](const auto&) { called = true; });
  }
  context.run();
  CHECK_FALSE(called);
}

TEST_CASE("so many names are looked up at once, and one more fails at once") {
  boost::asio::io_context context;
  std::promise<void> silence;
  Resolver resolver(context, [over = silence.get_future().share()](const std::string&) {
    over.wait();
    return Result<Resolver::Addresses>(Resolver::Addresses{});
  });
  int found = 0;
  int refused = 0;
  const auto count = [&](const Result<Resolver::Addresses>& result) {
    ++(result ? found : refused);
  };
  for (int i = 0; i < groot::io::lookups_max; ++i) resolver.resolve("silent", count);
  context.poll();
  CHECK(refused == 0);
  resolver.resolve("silent", count);
  resolver.resolve("127.0.0.1", count);  // nothing to look up
  REQUIRE(run_until(context, [&] { return refused == 1 && found == 1; }));
  silence.set_value();
  REQUIRE(run_until(context, [&] { return found == groot::io::lookups_max + 1; }));
  resolver.resolve("silent", count);
  REQUIRE(run_until(context, [&] { return found == groot::io::lookups_max + 2; }));
  CHECK(refused == 1);
}
