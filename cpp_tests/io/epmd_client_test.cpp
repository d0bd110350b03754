#include "cnode/io/epmd_client.hpp"

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "cnode/dist/dist_error.hpp"
#include "cnode/io/limits.hpp"
#include "cpp_tests/io/fake_epmd.hpp"

namespace asio = boost::asio;
using groot::Result;
using groot::dist::Alive2Request;
using groot::dist::dist_errc;
using groot::ei_codec::Bytes;
using groot::io::epmd_answer_timeout;
using groot::io::epmd_place;
using groot::io::EpmdClient;
using groot::io::EpmdPlace;
using groot::io::FakeEpmd;
using groot::io::LogLevel;
using groot::io::run_until;

namespace {

// ALIVE2_X_RESP.
const Bytes registered{118, 0, 0x12, 0x34, 0x56, 0x78};
const Bytes taken{118, 1, 0, 0, 0, 99};

struct World {
  explicit World(bool hidden = true)
      : epmd(context),
        client(context, EpmdPlace{epmd.port(), {asio::ip::address_v4::loopback()}},
               Alive2Request{.alive_name = "groot", .port = 4711, .hidden = hidden},
               [this](LogLevel, const std::string& text) { log.push_back(text); }) {
    epmd.close_after_answer = false;
  }

  Result<std::uint32_t> start() {
    std::optional<Result<std::uint32_t>> answer;
    client.start([&](Result<std::uint32_t> creation) { answer = std::move(creation); });
    REQUIRE(run_until(context, [&] { return answer.has_value(); }));
    return *answer;
  }

  asio::io_context context;
  FakeEpmd epmd;
  std::vector<std::string> log;
  EpmdClient client;
};

class SetVariable {
 public:
  SetVariable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name); old != nullptr) old_ = old;
    ::setenv(name, value, 1);
  }
  ~SetVariable() {
    if (old_) {
      ::setenv(name_, old_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  SetVariable(const SetVariable&) = delete;
  SetVariable& operator=(const SetVariable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

}  // namespace

TEST_CASE("a registration names the node and its kind, and brings the creation") {
  for (const bool hidden : {true, false}) {
    World world(hidden);
    world.epmd.answer = registered;
    const auto creation = world.start();
    REQUIRE(creation.has_value());
    CHECK(*creation == 0x12345678);
    const std::uint8_t kind = hidden ? 72 : 77;
    REQUIRE(world.epmd.requests().size() == 1);
    CHECK(world.epmd.requests()[0] ==
          Bytes{0, 18, 120, 0x12, 0x67, kind, 0, 0, 6, 0, 5, 0, 5, 'g', 'r', 'o', 'o', 't', 0, 0});
  }
}

TEST_CASE("the registration is kept open, and closed at the end") {
  World world;
  world.epmd.answer = registered;
  REQUIRE(world.start().has_value());
  world.context.run_for(std::chrono::milliseconds(50));
  CHECK(world.epmd.ended() == 0);
  world.client.close();
  CHECK(run_until(world.context, [&] { return world.epmd.ended() == 1; }));
}

TEST_CASE("a taken name is told, and the connections that epmd leaves open are closed") {
  World world;
  world.epmd.answer = taken;
  const auto refused = world.start();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == dist_errc::name_taken);
  CHECK(refused.error().detail.find("groot") != std::string::npos);
  CHECK(run_until(world.context, [&] {
    return static_cast<std::size_t>(world.epmd.ended()) == world.epmd.requests().size();
  }));
}

TEST_CASE("the name of a process that was just killed is waited for") {
  World world;
  world.epmd.answer = taken;
  std::optional<Result<std::uint32_t>> answer;
  world.client.start([&](Result<std::uint32_t> creation) { answer = std::move(creation); });
  REQUIRE(run_until(world.context, [&] { return world.epmd.requests().size() == 2; }));
  world.epmd.answer = registered;
  REQUIRE(run_until(world.context, [&] { return answer.has_value(); }));
  CHECK(answer->has_value());
  CHECK(world.log.empty());
}

TEST_CASE("without an epmd the error says what to do") {
  World world;
  const std::uint16_t port = world.epmd.port();
  asio::io_context context;
  std::uint16_t free_port = 0;
  {
    FakeEpmd gone(context);
    free_port = gone.port();
  }
  REQUIRE(free_port != port);
  EpmdClient client(
      context, {free_port, {asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()}},
      Alive2Request{.alive_name = "groot", .port = 4711}, nullptr);
  std::optional<Result<std::uint32_t>> answer;
  client.start([&](Result<std::uint32_t> creation) { answer = std::move(creation); });
  REQUIRE(run_until(context, [&] { return answer.has_value(); }));
  REQUIRE_FALSE(answer->has_value());
  CHECK(answer->error().code == dist_errc::connect_failed);
  CHECK(answer->error().detail.find("epmd -daemon") != std::string::npos);
}

TEST_CASE("a lost registration is made again by itself, and a name taken meanwhile is waited for") {
  World world;
  world.epmd.answer = registered;
  REQUIRE(world.start().has_value());
  world.epmd.answer = taken;
  world.epmd.hang_up();
  REQUIRE(run_until(world.context, [&] { return world.epmd.requests().size() == 2; }));
  world.epmd.answer = registered;
  REQUIRE(run_until(world.context, [&] { return world.log.size() == 3; }));
  CHECK(world.epmd.requests().size() == 3);
  CHECK(world.epmd.requests()[2] == world.epmd.requests()[0]);
  CHECK(world.log[0].find("closed our registration") != std::string::npos);
  CHECK(world.log[1].find("already registered") != std::string::npos);
  CHECK(world.log[2] == "registered with epmd again");
}

TEST_CASE("an answer in pieces is awaited, a wrong one refused") {
  World world;
  world.epmd.answer = {200, 0};
  const auto refused = world.start();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == dist_errc::bad_epmd_reply);
}

TEST_CASE("an epmd that does not answer is given up in time") {
  World world;
  const auto before = std::chrono::steady_clock::now();
  const auto silent = world.start();
  const auto waited = std::chrono::steady_clock::now() - before;
  REQUIRE_FALSE(silent.has_value());
  CHECK(silent.error().code == dist_errc::connect_failed);
  CHECK(world.epmd.requests().size() == 1);
  CHECK(waited >= epmd_answer_timeout);
}

TEST_CASE("the environment says where epmd is") {
  const SetVariable no_address("ERL_EPMD_ADDRESS", "");
  {
    const SetVariable port("ERL_EPMD_PORT", "");
    const auto place = epmd_place();
    REQUIRE(place.has_value());
    CHECK(place->port == 4369);
    CHECK(place->addresses.size() == 2);
  }
  {
    const SetVariable port("ERL_EPMD_PORT", "4370");
    const SetVariable address("ERL_EPMD_ADDRESS",
                              "127.0.0.1, 10.0.0.7 ,nonsense,, ::2,10.0.0,0.0.0.0");
    const auto place = epmd_place();
    REQUIRE(place.has_value());
    CHECK(place->port == 4370);
    REQUIRE(place->addresses.size() == 4);
    CHECK(place->addresses[2] == asio::ip::make_address("10.0.0.7"));
    CHECK(place->addresses[3] == asio::ip::make_address("::2"));
    CHECK(place->not_understood == "\"nonsense\", \"10.0.0\"");
  }
  for (const char* wrong : {"0", "65536", "-1", "4369x", "epmd"}) {
    CAPTURE(wrong);
    const SetVariable port("ERL_EPMD_PORT", wrong);
    CHECK_FALSE(epmd_place().has_value());
  }
}
