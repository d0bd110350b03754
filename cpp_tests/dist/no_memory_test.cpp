// A link for which there is no memory ends; the others go on.
#include <system_error>

#include <doctest/doctest.h>

#include "cpp_tests/dist/control_samples.hpp"
#include "cpp_tests/dist/network.hpp"
#include "cpp_tests/support/scarce_memory.hpp"

#if GROOT_MEMORY_CAN_BE_SCARCE

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;
using groot::testing::ScarceMemory;

namespace {

constexpr std::size_t bytes_max = 16'384;

// b has links with a and c.
void join(Network& net) {
  for (const char* const node : {"a@h", "b@h", "c@h"}) net.start(node);
  for (const char* const peer : {"a@h", "c@h"}) {
    net.at("b@h").connections->connect_once(name(peer), 1, net.now_ms());
    net.settle();
    net.connect("b@h");
    net.settle();
  }
  REQUIRE(net.at("b@h").up_links.size() == 2);
  net.at("b@h").log.clear();
}

// Only the link with a has ended, and the one with c still carries messages.
void check_only_a_is_lost(Network& net) {
  auto& b = net.at("b@h");
  net.settle();
  REQUIRE(b.log.size() == 1);
  CHECK(b.log[0].find("a@h") != std::string::npos);
  CHECK(b.log[0].find(std::make_error_code(std::errc::not_enough_memory).message()) !=
        std::string::npos);
  b.connections->send(b.up_links.at("c@h"), RegSend{samples::beam(), "name"},
                      std::make_shared<const Bytes>(samples::hello()));
  net.settle();
  CHECK(net.at("c@h").frames.size() == 1);
}

}  // namespace

TEST_CASE("no memory for a message that comes") {
  Network net;
  join(net);
  auto& b = net.at("b@h");
  // The beginning of a frame of 64 KiB.
  Bytes bytes(2 * bytes_max);
  bytes[1] = 1;
  {
    const ScarceMemory scarce(bytes_max);
    b.connections->feed(b.up_links.at("a@h"), bytes, net.now_ms());
    net.drain("b@h");
  }
  check_only_a_is_lost(net);
}

TEST_CASE("no memory for a message that goes") {
  Network net;
  join(net);
  auto& b = net.at("b@h");
  const auto message = std::make_shared<const Bytes>(4'000);
  {
    // They share a chunk that grows.
    const ScarceMemory scarce(bytes_max);
    for (std::size_t bytes = 0; bytes < 2 * bytes_max; bytes += message->size()) {
      b.connections->send(b.up_links.at("a@h"), RegSend{samples::beam(), "name"}, message);
    }
  }
  check_only_a_is_lost(net);
}

#endif
