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
  resolver.resolve(host, false,
                   [&](Result<Resolver::Addresses> result) { answer = std::move(result); });
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
    resolver.resolve("127.0.0.1", false, [&](const auto&) { called = true; });
    resolver.resolve("localhost", false, [&](const auto&) { called = true; });
  }
  context.run();
  CHECK_FALSE(called);
}

namespace {

// Hosts called "silent" have no answer until the end of the test.
struct Silence {
  Silence()
      : resolver(context, [over = promise.get_future().share()](const std::string& host) {
          if (host == "silent") over.wait();
          return Result<Resolver::Addresses>(Resolver::Addresses{});
        }) {}
  ~Silence() {
    if (!ended) promise.set_value();
  }
  void resolve(const char* host, bool again) {
    resolver.resolve(host, again, [this](const Result<Resolver::Addresses>& result) {
      ++(result ? found : refused);
    });
  }
  void end() {
    ended = true;
    promise.set_value();
  }

  boost::asio::io_context context;
  std::promise<void> promise;
  Resolver resolver;
  bool ended = false;
  int found = 0;
  int refused = 0;
};

constexpr int waiting_max = static_cast<int>(groot::io::lookups_waiting_max);

}  // namespace

TEST_CASE("so many names are looked up at once, so many wait, and one more fails at once") {
  Silence s;
  for (int i = 0; i < groot::io::lookups_max + waiting_max; ++i) s.resolve("silent", false);
  s.context.poll();
  CHECK(s.refused == 0);
  s.resolve("silent", false);
  s.resolve("127.0.0.1", false);  // nothing to look up
  REQUIRE(run_until(s.context, [&] { return s.refused == 1 && s.found == 1; }));
  s.end();
  REQUIRE(
      run_until(s.context, [&] { return s.found == groot::io::lookups_max + waiting_max + 1; }));
  s.resolve("silent", false);
  REQUIRE(
      run_until(s.context, [&] { return s.found == groot::io::lookups_max + waiting_max + 2; }));
  CHECK(s.refused == 1);
}

TEST_CASE("hosts that could not be found before wait for each other, and nobody else for them") {
  Silence s;
  for (int i = 0; i < groot::io::lookups_again_max + waiting_max; ++i) s.resolve("silent", true);
  s.resolve("good", false);
  REQUIRE(run_until(s.context, [&] { return s.found == 1; }));
  s.resolve("good", true);
  REQUIRE(run_until(s.context, [&] { return s.refused == 1; }));
  s.end();
  REQUIRE(run_until(s.context,
                    [&] { return s.found == groot::io::lookups_again_max + waiting_max + 1; }));
}
