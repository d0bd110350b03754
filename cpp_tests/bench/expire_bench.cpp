// What a node's memory is before it holds anything, while it holds KEYS registers, and when all of
// them have expired and their tombstones are gone.
//
//   expire_bench KEYS
//
// Prints one JSON object, in bytes of anonymous memory in use (RssAnon: the program's own pages are
// not the registers' doing). Needs an epmd (ERL_EPMD_PORT).
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <malloc.h>
#include <string>
#include <thread>

#include "cnode/node.hpp"

namespace {

using namespace groot;
using namespace groot::ei_codec;
using namespace std::chrono_literals;

constexpr auto lifetime = 1s;
constexpr auto wait_max = 60s;

int fail(const std::string& why) {
  std::fprintf(stderr, "expire_bench: %s\n", why.c_str());
  return 1;
}

long anonymous_bytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "RssAnon:") {
  }
  long kilobytes = 0;
  status >> kilobytes;
  return kilobytes * 1'024;
}

}  // namespace

int main(int argc, char** argv) {
  // As the daemon does.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  std::uint32_t count = 0;
  const char* const argument = argc == 2 ? argv[1] : "";
  const auto parsed = std::from_chars(argument, argument + std::strlen(argument), count);
  if (parsed.ec != std::errc() || *parsed.ptr != '\0' || count == 0) {
    return fail("usage: expire_bench KEYS");
  }
  NodeOptions options;
  options.name = "expire@127.0.0.1";
  options.long_names = true;
  options.cookie = "bench";
  options.tombstone_ttl = lifetime;
  const auto node = Node::start(options);
  if (!node) return fail(node.error().text());

  const Term value = binary(std::string(32, 'v'));
  const long empty = anonymous_bytes();
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!(*node)->set(binary("session_" + std::to_string(10'000'000 + i)), value, lifetime * 4)) {
      return fail("a set was refused");
    }
  }
  if ((*node)->size() != count) return fail("some have expired already");
  const long full = anonymous_bytes();
  const auto end = std::chrono::steady_clock::now() + wait_max;
  // A value's end is to be seen, a tombstone's only by the memory that it gives back.
  while ((*node)->size() > 0 || anonymous_bytes() > empty + (full - empty) / 20) {
    if (std::chrono::steady_clock::now() > end) break;
    std::this_thread::sleep_for(10ms);
  }
  std::this_thread::sleep_for(lifetime);
  std::printf("{\"keys\": %u, \"empty_bytes\": %ld, \"full_bytes\": %ld, \"after_bytes\": %ld}\n",
              count, empty, full, anonymous_bytes());
  return 0;
}
