#include "cnode/io/core.hpp"

#include <atomic>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "cnode/io/io_error.hpp"
#include "cnode/io/limits.hpp"
#include "cpp_tests/support/scarce_memory.hpp"
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

#if GROOT_MEMORY_CAN_BE_SCARCE
TEST_CASE("a write that there is no memory for is an error, and the next one is not") {
  World world;
  int key = 0;
  REQUIRE(world.core.set(encoded(key), encoded(10), std::nullopt).has_value());
  CHECK(world.turn() == 1);
  {
    // What is kept of each register stands in one place, which grows.
    const groot::testing::ScarceMemory scarce(16'384);
    auto written = world.core.set(encoded(key), encoded(10), std::nullopt);
    while (written.has_value() && key < 10'000) {
      CHECK(world.turn() == 1);
      written = world.core.set(encoded(++key), encoded(10), std::nullopt);
    }
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().code == std::errc::not_enough_memory);
  }
  CHECK_FALSE(world.core.is_broken());
  CHECK(world.core.get({}, encoded(key)) == nullptr);
  REQUIRE(world.core.set(encoded(key), encoded(10), std::nullopt).has_value());
  CHECK(world.core.get({}, encoded(key)) != nullptr);
  CHECK(world.turn() == 1);
}
#endif

TEST_CASE("what a turn throws is passed on, and what was wanted by then is done in the next") {
  World world;
  REQUIRE(world.core.set(encoded(1), encoded(10), std::nullopt).has_value());
  CHECK_THROWS_AS(
      (void)world.core.run([](process::Router&, const store::Now&) { throw std::bad_alloc(); }),
      std::bad_alloc);
  CHECK_FALSE(world.core.is_broken());
  CHECK(world.turn() == 1);
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

TEST_CASE("a network thread that stands: writers are refused before memory runs out") {
  World world;
  std::thread([&] { world.core.attach([] {}); }).join();
  const Bytes large =
      encode_term(groot::ei_codec::binary(std::string(groot::io::pending_bytes_max / 4, 'x')));
  const auto write = [&] { return world.core.set(encoded(1), large, std::nullopt); };
  groot::Result<void> written;
  int count = 0;
  while (count < 20 && (written = write()).has_value()) ++count;
  CHECK(count == 8);
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().code == groot::io::io_errc::overloaded);
  // Once it moves on there is room again.
  CHECK(world.turn() == 8);
  CHECK(write().has_value());
}

TEST_CASE("once the node leaves, nothing is written; what was before is sent") {
  World world;
  int wakes = 0;
  world.core.attach([&] { ++wakes; });
  REQUIRE(world.core.set(encoded(1), encoded(1), std::nullopt).has_value());
  world.core.leave();
  const auto set = world.core.set(encoded(1), encoded(2), std::nullopt);
  REQUIRE_FALSE(set.has_value());
  CHECK(set.error().code == groot::io::io_errc::left_cluster);
  const auto erased = world.core.erase(encoded(1));
  REQUIRE_FALSE(erased.has_value());
  CHECK(erased.error().text().find("left the cluster") != std::string::npos);
  CHECK(world.turn() == 1);
  world.core.detach();
  CHECK_FALSE(world.core.erase(encoded(1)).has_value());
  const store::ReadSection section;
  const store::Register* const kept = world.core.get(section, encoded(1));
  REQUIRE(kept != nullptr);
  CHECK(groot::ei_codec::same_bytes(kept->value(), encoded(1)));
  CHECK(wakes == 1);
  CHECK(world.turn() == 0);
}

TEST_CASE("who waits for room when the node leaves is told so at once") {
  World world;
  std::thread([&] { world.core.attach([] {}); }).join();
  const auto write = [&] { return world.core.set(encoded(1), encoded(1), std::nullopt); };
  for (std::size_t i = 0; i < groot::io::pending_effects_max; ++i) REQUIRE(write().has_value());
  std::thread leaving([&] { world.core.leave(); });
  while (write().has_value()) {
  }
  leaving.join();
  CHECK(world.turn() >= groot::io::pending_effects_max);
}
