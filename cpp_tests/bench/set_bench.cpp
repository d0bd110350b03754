// What a set costs a program that embeds the node while there are peers, as fast as one thread can,
// and whether all of it arrives.
//
//   set_bench SETS KEYS beam NODE COOKIE
//   set_bench SETS KEYS links COUNT
//
// beam: the peer is the BEAM node NODE with stock Groot, which sets our key `done`, to anything but
// `none`, when it has the last value of each key. links: COUNT peers of our own kind that read and
// keep nothing (sinks.hpp). SETS writes go round KEYS keys, `session_00000000` on; the values are
// of 32 bytes, the number of the set last in them. Prints one JSON object:
//
//   set_ns      one Node::set, over all of them
//   begin_us    when the first began, Unix time
//   arrived_ns  links only: from the first set to the last link's having read all, by SETS
//   cpu_ns      links only: processor time of this process meanwhile, by SETS
//   lost        links that ended: what was on its way went another way
//
// Needs an epmd (ERL_EPMD_PORT).
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>

#include "cnode/node.hpp"
#include "cpp_tests/bench/arguments.hpp"
#include "cpp_tests/bench/known_peers.hpp"
#include "cpp_tests/bench/processor_time.hpp"
#include "cpp_tests/bench/sinks.hpp"

namespace {

using namespace groot;
using namespace groot::ei_codec;
using namespace std::chrono_literals;

constexpr auto known_wait_max = 60s;
constexpr auto arrival_wait_max = 300s;
constexpr std::size_t value_bytes = 32;

int fail(const std::string& why) {
  std::fprintf(stderr, "set_bench: %s\n", why.c_str());
  return 1;
}

std::string padded(const char* head, std::uint32_t number, std::size_t size) {
  const std::string digits = std::to_string(number);
  std::string text = head;
  if (text.size() + digits.size() < size) text.append(size - text.size() - digits.size(), '0');
  return text + digits;
}

double since_ns(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

// Until somebody sets `done`.
class Done {
 public:
  explicit Done(Node& node) {
    node.on_change([this](const Change& change) {
      if (change.key != atom("done") || change.value == atom("none")) return;
      const std::lock_guard lock(mutex_);
      is_done_ = true;
      changed_.notify_all();
    });
  }
  [[nodiscard]] bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, arrival_wait_max, [this] { return is_done_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_done_ = false;
};

bool set_all(Node& node, std::uint32_t sets, std::uint32_t keys) {
  for (std::uint32_t i = 0; i < sets; ++i) {
    const auto done =
        node.set(binary(padded("session_", i % keys, 16)), binary(padded("v", i, value_bytes)));
    if (!done) return false;
  }
  return true;
}

int beam(const NodeOptions& options, bench::KnownPeers& known, std::uint32_t sets,
         std::uint32_t keys) {
  const auto node = Node::start(options);
  if (!node) return fail(node.error().text());
  if (!known.wait_for(1, known_wait_max)) return fail("the peer does not run Groot");
  Done done(**node);
  const auto begin_wall = std::chrono::system_clock::now().time_since_epoch();
  const auto begin = std::chrono::steady_clock::now();
  if (!set_all(**node, sets, keys)) return fail("a set was refused");
  const double set_ns = since_ns(begin) / sets;
  if (!done.wait()) return fail("not all arrived");
  const auto begin_us = std::chrono::duration_cast<std::chrono::microseconds>(begin_wall).count();
  std::printf("{\"set_ns\": %.1f, \"begin_us\": %lld, \"lost\": %zu}\n", set_ns,
              static_cast<long long>(begin_us), known.lost());
  (*node)->stop();  // `done` goes last
  return 0;
}

int links(const NodeOptions& options, bench::KnownPeers& known, std::uint32_t sets,
          std::uint32_t keys, std::uint32_t count) {
  const auto sinks = bench::Sinks::start();
  if (!sinks) return fail(sinks.error().text());
  const auto node = Node::start(options);
  if (!node) return fail(node.error().text());
  if (!(*sinks)->connect((*node)->name(), (*node)->port(), count) ||
      !known.wait_for(count, known_wait_max)) {
    return fail("no links");
  }
  const double before = bench::processor_us();
  const auto begin = std::chrono::steady_clock::now();
  if (!set_all(**node, sets, keys)) return fail("a set was refused");
  const double set_ns = since_ns(begin) / sets;
  if (!(*node)->set(atom("last"), binary(bench::round_mark)) || !(*sinks)->wait_round()) {
    return fail("the links ended");
  }
  std::printf("{\"set_ns\": %.1f, \"arrived_ns\": %.1f, \"cpu_ns\": %.1f, \"lost\": %zu}\n", set_ns,
              since_ns(begin) / sets, (bench::processor_us() - before) * 1e3 / sets, known.lost());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool to_beam = argc == 6 && std::strcmp(argv[3], "beam") == 0;
  const bool to_links = argc == 5 && std::strcmp(argv[3], "links") == 0;
  const std::uint32_t sets = argc > 2 ? bench::number(argv[1]) : 0;
  const std::uint32_t keys = argc > 2 ? bench::number(argv[2]) : 0;
  if ((!to_beam && !to_links) || sets == 0 || keys == 0) {
    return fail("usage: set_bench SETS KEYS beam NODE COOKIE | set_bench SETS KEYS links COUNT");
  }
  bench::KnownPeers known;
  NodeOptions options;
  options.name = "set_bench@127.0.0.1";
  options.long_names = true;
  options.cookie = to_beam ? argv[5] : bench::sinks_cookie;
  options.log = known.listener();
  if (to_links) return links(options, known, sets, keys, bench::number(argv[4]));
  options.connect = {argv[4]};
  return beam(options, known, sets, keys);
}
