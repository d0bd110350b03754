// What a node's memory is before it holds anything, while it holds KEYS registers, and when all of
// them have expired and their tombstones are gone.
//
//   expire_bench KEYS
//
// Prints one JSON object, in bytes of resident memory. A round with a few keys goes before, so that
// the program's own pages are in memory. Needs an epmd (ERL_EPMD_PORT).
#include <chrono>
#include <cstdio>
#include <malloc.h>
#include <string>
#include <thread>

#include "cnode/node.hpp"
#include "cpp_tests/bench/arguments.hpp"
#include "cpp_tests/bench/resident.hpp"

namespace {

using namespace groot;
using namespace groot::ei_codec;
using namespace std::chrono_literals;
using bench::resident_bytes;

constexpr auto lifetime = 1s;
constexpr auto wait_max = 60s;
constexpr std::uint32_t few = 1'000;

int fail(const std::string& why) {
  std::fprintf(stderr, "expire_bench: %s\n", why.c_str());
  return 1;
}

// Whether all were set before the first of them expired.
bool fill(Node& node, std::uint32_t count) {
  const Term value = binary(std::string(32, 'v'));
  for (std::uint32_t i = 0; i < count; ++i) {
    const Term key = binary("session_" + std::to_string(10'000'000 + i));
    if (!node.set(key, value, 4 * lifetime)) return false;
  }
  return node.size() == count;
}

// Until the values have expired and the tombstones with them: the end of those shows in nothing but
// the memory that they give back.
void wait_for_end(const Node& node, double bytes) {
  const auto end = std::chrono::steady_clock::now() + wait_max;
  while (node.size() > 0 || resident_bytes() > bytes) {
    if (std::chrono::steady_clock::now() > end) return;
    std::this_thread::sleep_for(10ms);
  }
  std::this_thread::sleep_for(lifetime);
}

}  // namespace

int main(int argc, char** argv) {
  // As the daemon does.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  const std::uint32_t count = argc == 2 ? bench::number(argv[1]) : 0;
  if (count == 0) return fail("usage: expire_bench KEYS");
  NodeOptions options;
  options.name = "expire@127.0.0.1";
  options.long_names = true;
  options.cookie = "bench";
  options.tombstone_ttl = lifetime;
  const auto node = Node::start(options);
  if (!node) return fail(node.error().text());

  if (!fill(**node, few)) return fail("a few keys could not be set");
  wait_for_end(**node, resident_bytes());
  const double empty = resident_bytes();
  if (!fill(**node, count)) return fail("not all could be set in time");
  const double full = resident_bytes();
  wait_for_end(**node, empty + (full - empty) / 20);
  std::printf(
      "{\"keys\": %u, \"empty_bytes\": %.0f, \"full_bytes\": %.0f, \"after_bytes\": %.0f}\n", count,
      empty, full, resident_bytes());
  return 0;
}
