// How long a node with a data directory takes from opening it to registers that can be read.
//
//   load_bench DIRECTORY [REGISTERS]
//
// Makes the directory, which must not exist, with REGISTERS (1000000) registers of 16-byte keys and
// 32-byte values, and removes it at the end. Prints one JSON object: the size of the file, the time
// that saving took, and the median of five loads, each into a new replica; time on the wall, with
// the file in the page cache.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "cnode/disk/database.hpp"
#include "cnode/disk/limits.hpp"
#include "cnode/disk/load.hpp"
#include "cnode/process/term_append.hpp"
#include "cpp_tests/bench/arguments.hpp"

namespace {

using namespace groot;
using ei_codec::Bytes;

constexpr int runs = 5;
constexpr store::Now now{0, 1'700'000'000'000};

int fail(const std::string& why) {
  std::fprintf(stderr, "load_bench: %s\n", why.c_str());
  return 1;
}

Bytes binary_of(const char* prefix, std::uint32_t number, std::size_t size) {
  std::string text = prefix + std::to_string(number);
  text.resize(size, '.');
  Bytes bytes;
  process::append_binary(bytes, text);
  return bytes;
}

Result<void> save(const std::string& directory, std::uint32_t count) {
  const auto database = disk::Database::open({directory});
  if (!database) return database.error();
  std::vector<store::JournalEntry> batch;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Bytes key = binary_of("key_", i, 16);
    const Bytes value = binary_of("value_", i, 32);
    const store::Timestamp stamp{static_cast<std::uint64_t>(now.wall_ms) + i % 1'000, 0, 9};
    batch.push_back(
        {store::JournalEntry::What::stored, store::Register::make({key, value, stamp})});
    if (batch.size() < disk::batch_entries_max && i + 1 < count) continue;
    if (auto saved = (*database)->save(batch, {{}, now.wall_ms, i + 1}, now.wall_ms); !saved)
      return saved;
    batch.clear();
  }
  return {};
}

Result<std::size_t> load(const std::string& directory) {
  const auto database = disk::Database::open({directory});
  if (!database) return database.error();
  store::Replica replica(store::ReplicaOptions{.node_id = 1});
  const auto loaded = disk::load_into(replica, **database, store::tombstone_ttl_ms_default, now);
  if (!loaded) return loaded.error();
  return replica.size();
}

template <class Call>
double milliseconds(Call&& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  return took.count();
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint32_t count = argc > 2 ? bench::number(argv[2]) : 1'000'000;
  if (argc < 2 || count == 0) return fail("usage: load_bench DIRECTORY [REGISTERS]");
  const std::string directory = argv[1];
  if (std::filesystem::exists(directory)) return fail(directory + " exists");
  Result<void> saved;
  const double save_ms = milliseconds([&] { saved = save(directory, count); });
  if (!saved) return fail(saved.error().text());
  const auto bytes = std::filesystem::file_size(directory + "/data.mdb");
  std::vector<double> loads;
  for (int i = 0; i < runs; ++i) {
    Result<std::size_t> loaded = std::size_t{0};
    loads.push_back(milliseconds([&] { loaded = load(directory); }));
    if (!loaded) return fail(loaded.error().text());
    if (*loaded != count) return fail("not all registers were loaded");
  }
  std::ranges::sort(loads);
  std::filesystem::remove_all(directory);
  std::printf("{\"registers\": %u, \"file_bytes\": %ju, \"save_ms\": %.0f, \"load_ms\": %.0f}\n",
              count, bytes, save_ms, loads[runs / 2]);
  return 0;
}
