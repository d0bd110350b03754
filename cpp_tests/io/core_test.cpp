#include "cnode/io/core.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "cnode/io/limits.hpp"
#include "ei_codec/term.hpp"
#include "ei_codec/term_encode.hpp"

using groot::ei_codec::Bytes;
using groot::ei_codec::encode_term;
using groot::io::Core;
namespace process = groot::process;
namespace store = groot::store;

namespace {

Bytes encoded(int value) {
  return encode_term(groot::ei_codec::Term(value));
}

struct World {
  World() : core(std::make_unique<store::Replica>(replica_options()), router_options()) {}

  static store::ReplicaOptions replica_options() {
    store::ReplicaOptions options;
    options.node_id = 1;
    return options;
  }
  static process::RouterOptions router_options() {
    process::RouterOptions options;
    options.self = groot::dist::NodeName::parse("a@127.0.0.1").value();
    options.creation = 7;
    options.random = [] { return std::uint64_t{4}; };
    return options;
  }

  // What the network thread does when it is woken: the changes it hears of.
  std::size_t turn() {
    std::size_t notified = 0;
    for (const auto& action : core.run([](process::Router&, const store::Now&) {})) {
      if (std::holds_alternative<process::Notify>(action)) ++notified;
    }
    return notified;
  }

  Core core;
};

}  // namespace

TEST_CASE("a write is readable at once, and its effects wait for the network thread") {
  World world;
  int wakes = 0;
  world.core.attach([&] { ++wakes; });
  REQUIRE(world.core.set(encoded(1), encoded(10), std::nullopt).has_value());
  REQUIRE(world.core.get({}, encoded(1)) != nullptr);
  CHECK(world.core.size() == 1);
  CHECK(world.turn() == 1);
  CHECK(world.turn() == 0);
}

TEST_CASE("many writes wake the network thread once") {
  World world;
  int wakes = 0;
  world.core.attach([&] { ++wakes; });
  for (int i = 0; i < 100; ++i) {
    REQUIRE(world.core.set(encoded(i), encoded(i), std::nullopt).has_value());
  }
  CHECK(wakes == 1);
  CHECK(world.turn() == 100);
  REQUIRE(world.core.erase(encoded(5)).has_value());
  CHECK(wakes == 2);
  CHECK(world.turn() == 1);
}

TEST_CASE("writes made before the network thread runs are not lost") {
  World world;
  REQUIRE(world.core.set(encoded(1), encoded(1), std::nullopt).has_value());
  world.core.attach([] {});
  CHECK(world.turn() == 1);
}

TEST_CASE("a refused write leaves nothing behind") {
  World world;
  int wakes = 0;
  world.core.attach([&] { ++wakes; });
  CHECK_FALSE(world.core.set(encoded(1), encoded(1), -1).has_value());
  CHECK(wakes == 0);
  CHECK(world.core.size() == 0);
  CHECK(world.turn() == 0);
}

TEST_CASE("only what a reader would see is listed") {
  World world;
  world.core.attach([] {});
  for (int i = 0; i < 3; ++i) {
    REQUIRE(world.core.set(encoded(i), encoded(i), std::nullopt).has_value());
  }
  REQUIRE(world.core.erase(encoded(0)).has_value());
  REQUIRE(world.core.set(encoded(1), encoded(1), 0).has_value());
  const auto registers = world.core.registers();
  REQUIRE(registers.size() == 1);
  CHECK(groot::ei_codec::same_bytes(registers[0]->key(), encoded(2)));
}

TEST_CASE("a full queue slows writers down to the network thread, and no further") {
  World world;
  std::atomic<bool> stop = false;
  std::atomic<std::size_t> notified = 0;
  std::atomic<bool> attached = false;
  std::thread network([&] {
    world.core.attach([] {});
    attached = true;
    attached.notify_all();
    while (!stop) notified += world.turn();
    notified += world.turn();
  });
  attached.wait(false);
  constexpr std::size_t writes = groot::io::pending_effects_max * 2;
  for (std::size_t i = 0; i < writes; ++i) {
    REQUIRE(world.core.set(encoded(1), encoded(static_cast<int>(i)), std::nullopt).has_value());
  }
  stop = true;
  network.join();
  CHECK(notified == writes);
}

TEST_CASE("the network thread never waits for itself") {
  World world;
  world.core.attach([] {});
  const auto write = [&] { return world.core.set(encoded(1), encoded(1), std::nullopt); };
  for (std::size_t i = 0; i < groot::io::pending_effects_max; ++i) REQUIRE(write().has_value());
  // The queue is full: each of these would wait for a whole pause.
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) REQUIRE(write().has_value());
  CHECK(std::chrono::steady_clock::now() - before < 5 * groot::io::pending_pause);
}

TEST_CASE("after the end writes still count, and wake nobody") {
  World world;
  int wakes = 0;
  world.core.attach([&] { ++wakes; });
  world.core.detach();
  REQUIRE(world.core.set(encoded(1), encoded(1), std::nullopt).has_value());
  CHECK(world.core.get({}, encoded(1)) != nullptr);
  CHECK(wakes == 0);
  CHECK(world.turn() == 0);
}
