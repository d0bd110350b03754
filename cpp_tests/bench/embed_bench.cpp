// What reading and writing cost a program that embeds the node, and what a register takes in
// memory.
//
//   embed_bench KEYS [set]
//
// Starts a node without peers, sets KEYS keys (16 bytes, values of 32) and prints one JSON object;
// with `set`, only the first two of it:
//
//   register_bytes  memory that the process grew by, a register, without its key and its value
//   set_ns          one Node::set of a new key, over all of them
//   overwrite_ns    one Node::set of a key that is there, in random order, for each of five runs
//   get_ns          one Node::get of a key that is there, in random order, for each of five runs
//   get_all_ns      the same by Node::get_all, a hundred keys at a time
//   two_threads_ns  the same by two threads at once: a read's share of the time
//   bare_ns         the same keys found in the same table without a node around it, run by run
//   two_loads_ns    two loads from as much memory as the node takes, the second from where the
//                   first says, run by run
//
// Not measured: readers while something is merged, peers, values that are large. Needs an epmd
// (ERL_EPMD_PORT).
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "cnode/node.hpp"
#include "cpp_tests/bench/arguments.hpp"
#include "cpp_tests/bench/memory_wait.hpp"
#include "cpp_tests/bench/resident.hpp"
#include "cpp_tests/bench/samples.hpp"
#include "ei_codec/term_encode.hpp"
#include "store/register_map.hpp"

namespace {

using namespace groot;
using namespace groot::ei_codec;

constexpr int runs = 5;
constexpr std::size_t reads_a_run = 1'000'000;  // at least half of them, in whole rounds
constexpr std::size_t overwrites_a_run = 100'000;
constexpr std::size_t value_bytes = 32;
constexpr std::size_t keys_at_once = 100;

int fail(const std::string& why) {
  std::fprintf(stderr, "embed_bench: %s\n", why.c_str());
  return 1;
}

// 16 bytes each.
Term key_of(std::uint32_t i) {
  std::string digits = std::to_string(i);
  return binary("session_" + std::string(8 - digits.size(), '0') + digits);
}

template <class Work>
double nanoseconds(Work&& work) {
  const auto before = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - before;
  return took.count();
}

}  // namespace

int main(int argc, char** argv) {
  const bool only_set = argc == 3 && std::string_view(argv[2]) == "set";
  const std::uint32_t count = argc == 2 || only_set ? bench::number(argv[1]) : 0;
  if (count == 0 || count > 99'999'999) {
    return fail("usage: embed_bench KEYS [set]");
  }
  NodeOptions options;
  options.name = "embed@127.0.0.1";
  options.long_names = true;
  options.cookie = "bench";
  const auto node = Node::start(options);
  if (!node) return fail(node.error().text());

  const Term value = binary(std::string(value_bytes, 'v'));
  const double empty_bytes = bench::resident_bytes();
  bool all_set = true;
  const double set_ns = nanoseconds([&] {
                          for (std::uint32_t i = 0; i < count; ++i) {
                            if (!(*node)->set(key_of(i), value)) all_set = false;
                          }
                        }) /
                        count;
  if (!all_set) return fail("a set was refused");
  const double grown_bytes = bench::resident_bytes() - empty_bytes;
  const double register_bytes = grown_bytes / count - static_cast<double>(16 + value_bytes);
  const auto held_bytes = static_cast<std::size_t>(std::max(grown_bytes, 0.0));
  std::printf("{\"keys\": %u, \"register_bytes\": %.1f, \"set_ns\": %.1f", count, register_bytes,
              set_ns);
  if (only_set) {
    std::printf("}\n");
    return 0;
  }

  store::RegisterMap bare;
  std::vector<Term> keys;
  std::vector<Bytes> encoded;
  std::mt19937 random(7);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Bytes key = encode_term(key_of(i));
    bare.put(store::Register::make({key, encode_term(value), {1, 0, 1}}), bare.hash(key));
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(count, reads_a_run); ++i) {
    keys.push_back(key_of(static_cast<std::uint32_t>(random() % count)));
    encoded.push_back(encode_term(keys.back()));
  }
  const std::size_t rounds = reads_a_run / keys.size();
  const std::size_t reads = rounds * keys.size();
  std::vector<double> overwrite_ns;
  std::vector<double> get_ns;
  std::vector<double> get_all_ns;
  std::vector<double> two_threads_ns;
  std::vector<double> bare_ns;
  std::vector<double> two_loads_ns;
  std::atomic<std::size_t> found = 0;
  const auto read_all = [&] {
    std::size_t here = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
      for (const Term& key : keys) here += (*node)->get(key).has_value();
    }
    found += here;
  };
  const auto read_together = [&] {
    std::size_t here = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
      for (std::span<const Term> left = keys; !left.empty();) {
        const auto some = left.first(std::min(left.size(), keys_at_once));
        left = left.subspan(some.size());
        for (const auto& read : (*node)->get_all(some)) here += read.has_value();
      }
    }
    found += here;
  };
  const auto look_all_up = [&] {
    std::size_t here = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
      for (const Bytes& key : encoded) here += bare.lookup(key, bare.hash(key)).has_value();
    }
    found += here;
  };
  for (int run = 0; run < runs; ++run) {
    get_ns.push_back(nanoseconds(read_all) / static_cast<double>(reads));
    get_all_ns.push_back(nanoseconds(read_together) / static_cast<double>(reads));
    two_threads_ns.push_back(nanoseconds([&] {
                               std::thread other(read_all);
                               read_all();
                               other.join();
                             }) /
                             static_cast<double>(2 * reads));
    two_loads_ns.push_back(2 * bench::dependent_load_ns(held_bytes));
    bare_ns.push_back(nanoseconds(look_all_up) / static_cast<double>(reads));
  }
  // Last: what takes the place of a register lies elsewhere in memory, which reads would notice.
  for (int run = 0; run < runs; ++run) {
    overwrite_ns.push_back(nanoseconds([&] {
                             for (std::size_t i = 0; i < overwrites_a_run; ++i) {
                               if (!(*node)->set(keys[i % keys.size()], value)) all_set = false;
                             }
                           }) /
                           static_cast<double>(overwrites_a_run));
  }
  if (!all_set) return fail("a set was refused");
  if (found != 5 * runs * reads) return fail("a key that was set is not there");
  for (const auto& [name, values] :
       std::initializer_list<std::pair<const char*, const std::vector<double>&>>{
           {"overwrite_ns", overwrite_ns},
           {"get_ns", get_ns},
           {"get_all_ns", get_all_ns},
           {"two_threads_ns", two_threads_ns},
           {"bare_ns", bare_ns},
           {"two_loads_ns", two_loads_ns}}) {
    std::printf(", %s", bench::samples(name, values).c_str());
  }
  std::printf("}\n");
  return 0;
}
