// Whether readers in the same program notice that the network thread merges.
//
//   readers_bench PER_SECOND
//
// Starts a node that holds 100,000 keys (16 bytes, values of 32) and prints one JSON object, of
// fifteen runs of a fifth of a second each, short so that what else the machine does falls on both:
//
//   one_ns      processor time of one Node::get by one thread, with nothing else going on
//   two_ns      the same by two threads at once, a read's share of it, while one link sends
//               PER_SECOND single updates of these keys a second
//   per_second  updates that were merged meanwhile
//
// Processor time of the readers' own threads: sender, network thread and readers may be more than
// the machine has processors. Needs an epmd (ERL_EPMD_PORT).
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cnode/node.hpp"
#include "cpp_tests/bench/arguments.hpp"
#include "cpp_tests/bench/processor_time.hpp"
#include "cpp_tests/bench/samples.hpp"
#include "cpp_tests/bench/update_stream.hpp"

namespace {

using namespace groot;
using ei_codec::Bytes;
using Clock = std::chrono::steady_clock;

constexpr int runs = 15;
constexpr std::uint32_t keys = 100'000;
constexpr std::chrono::milliseconds run_time{200};
constexpr std::chrono::milliseconds beat{5};

int fail(const std::string& why) {
  std::fprintf(stderr, "readers_bench: %s\n", why.c_str());
  return 1;
}

// Reads until `end`: processor time for each read; 0 when a key was missing.
double read_until(const Node& node, const std::vector<Term>& order, Clock::time_point end) {
  const double before_us = bench::thread_us();
  std::size_t reads = 0;
  bool all_there = true;
  while (Clock::now() < end) {
    for (std::size_t i = 0; i < 1'000; ++i, ++reads) {
      if (!node.get(order[reads % order.size()])) all_there = false;
    }
  }
  return all_there ? (bench::thread_us() - before_us) * 1e3 / static_cast<double>(reads) : 0;
}

// All of it, evenly over `run_time`: as much every `beat`.
bool send(bench::RawLink& link, ei_codec::ByteView stream) {
  const std::size_t piece = stream.size() / static_cast<std::size_t>(run_time / beat) + 1;
  for (auto next = Clock::now(); !stream.empty(); next += beat) {
    std::this_thread::sleep_until(next);
    const auto some = stream.first(std::min(piece, stream.size()));
    if (!link.write(some)) return false;
    stream = stream.subspan(some.size());
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return fail("usage: readers_bench PER_SECOND");
  const std::uint32_t per_second = bench::number(argv[1]);
  NodeOptions options;
  options.name = "readers@127.0.0.1";
  options.long_names = true;
  options.cookie = "bench";
  const auto node = Node::start(options);
  if (!node) return fail(node.error().text());
  std::atomic<std::size_t> merged = 0;
  (*node)->on_change([&merged](const Change&) { ++merged; });

  const auto link = bench::RawLink::open({.self = "sender@127.0.0.1",
                                          .peer = options.name,
                                          .port = (*node)->port(),
                                          .cookie = options.cookie,
                                          .on_frame = [](bench::RawLink&, const dist::Frame&) {}});
  if (!link) return fail(link.error().text());
  if (!(*link)->write(bench::update_stream(**link, keys, keys))) return fail("the link ended");
  while ((*node)->size() < keys) std::this_thread::yield();

  std::vector<Term> order = (*node)->keys();
  std::ranges::shuffle(order, std::mt19937(7));
  std::vector<double> one_ns;
  std::vector<double> two_ns;
  std::vector<double> merged_per_second;
  for (int run = 0; run < runs; ++run) {
    one_ns.push_back(read_until(**node, order, Clock::now() + run_time));

    const auto messages =
        static_cast<std::uint32_t>(per_second * std::chrono::duration<double>(run_time).count());
    const Bytes stream = bench::update_stream(**link, messages, keys);
    const std::size_t merged_before = merged;
    const auto end = Clock::now() + run_time;
    bool sent = false;
    double other_ns = 0;
    std::thread sender([&] { sent = send(**link, stream); });
    std::thread other([&] { other_ns = read_until(**node, order, end); });
    const double own_ns = read_until(**node, order, end);
    const std::size_t merged_meanwhile = merged - merged_before;
    sender.join();
    other.join();
    if (!sent) return fail("the link ended");
    if (own_ns == 0 || other_ns == 0 || one_ns.back() == 0) return fail("a key was not there");
    two_ns.push_back((own_ns + other_ns) / 4);
    merged_per_second.push_back(static_cast<double>(merged_meanwhile) /
                                std::chrono::duration<double>(run_time).count());
  }
  std::printf("{%s, %s, %s}\n", bench::samples("one_ns", one_ns).c_str(),
              bench::samples("two_ns", two_ns).c_str(),
              bench::samples("per_second", merged_per_second).c_str());
  return 0;
}
