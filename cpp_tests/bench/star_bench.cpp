// How nodes of our kind that know one seed become a mesh, and how long a write takes to all of
// them.
//
//   star_bench NODES WRITES [apart]
//
// Starts NODES hidden nodes in this process, each of which knows the first only, and prints one
// JSON object:
//
//   mesh_ms    from the start of the last node until each is linked with each other one; with
//              `apart`, until each is linked with the seed: its address then cannot be dialled
//   write_ms   from a Node::set at one of them until all read it, for each of WRITES, a node in
//   turn
//
// Needs an epmd (ERL_EPMD_PORT).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cnode/node.hpp"
#include "cpp_tests/bench/arguments.hpp"
#include "cpp_tests/bench/known_peers.hpp"
#include "cpp_tests/bench/samples.hpp"

namespace {

using namespace groot;
using namespace groot::ei_codec;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto wait_max = 120s;
constexpr auto rest = 2s;  // until what the last links brought is said and done
constexpr auto between_writes = 100ms;

int fail(const std::string& why) {
  std::fprintf(stderr, "star_bench: %s\n", why.c_str());
  return 1;
}

double ms_since(Clock::time_point before) {
  return std::chrono::duration<double, std::milli>(Clock::now() - before).count();
}

template <class Condition>
bool await(Condition&& holds) {
  const auto end = Clock::now() + wait_max;
  while (!holds()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(200us);
  }
  return true;
}

struct One {
  bench::KnownPeers known;
  std::unique_ptr<Node> node;
};

}  // namespace

int main(int argc, char** argv) {
  const bool apart = argc == 4 && std::string_view(argv[3]) == "apart";
  const std::uint32_t count = argc == 3 || apart ? bench::number(argv[1]) : 0;
  const std::uint32_t writes = count < 2 ? 0 : bench::number(argv[2]);
  if (writes == 0) return fail("usage: star_bench NODES WRITES [apart]");
  std::vector<std::unique_ptr<One>> nodes;
  Clock::time_point last_start;
  for (std::uint32_t i = 0; i < count; ++i) {
    NodeOptions options;
    // No packet reaches 240.0.0.1.
    options.name = "star" + std::to_string(i) + (apart && i > 0 ? "@240.0.0.1" : "@127.0.0.1");
    options.long_names = true;
    options.cookie = "STARBENCHCOOKIE";
    if (i > 0) options.connect = {"star0@127.0.0.1"};
    nodes.push_back(std::make_unique<One>());
    options.log = nodes.back()->known.listener();
    last_start = Clock::now();
    auto node = Node::start(options);
    if (!node) return fail(node.error().text());
    nodes.back()->node = std::move(*node);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t links = apart && i > 0 ? 1 : count - 1;
    if (!nodes[i]->known.wait_for(links, wait_max)) return fail("no links");
  }
  const double mesh_ms = ms_since(last_start);
  std::this_thread::sleep_for(rest);

  std::vector<double> write_ms;
  const Term key = atom("round");
  for (std::uint32_t round = 0; round < writes; ++round) {
    const Term value(static_cast<int>(round));
    const auto before = Clock::now();
    // The first is not taken: it is the seed.
    if (auto set = nodes[1 + round % (count - 1)]->node->set(key, value); !set) {
      return fail(set.error().text());
    }
    const bool read = await([&] {
      return std::ranges::all_of(nodes,
                                 [&](const auto& one) { return one->node->get(key) == value; });
    });
    if (!read) return fail("a write is not read everywhere");
    write_ms.push_back(ms_since(before));
    std::this_thread::sleep_for(between_writes);
  }
  std::printf("{\"mesh_ms\": %f, %s}\n", mesh_ms, bench::samples("write_ms", write_ms).c_str());
  for (const auto& one : nodes) one->node->stop();
  return 0;
}
