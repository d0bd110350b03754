// How long a full state takes from its bytes to merged registers: gate, register reader, replica,
// as one frame of update_registers takes through the router.
//
//   merge_bench [FILE | REGISTERS]
//
// FILE holds a map #{Key => R} as term_to_binary writes it, with or without the cast around it;
// without one a state of REGISTERS (300000) registers as stock Groot builds them. Prints one JSON
// object: the medians of five runs into an empty replica and, right after, the same again.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "cnode/process/register_codec.hpp"
#include "cnode/process/router.hpp"
#include "cnode/process/term_append.hpp"
#include "ei_codec/term_scan.hpp"

namespace {

using namespace groot;
using ei_codec::Bytes;
using ei_codec::ByteView;

constexpr int runs = 5;
constexpr std::int64_t wall_ms = 1'700'000'000'000;

int fail(const std::string& why) {
  std::fprintf(stderr, "merge_bench: %s\n", why.c_str());
  return 1;
}

// #{~"key_123456" => R}, a small value each.
Bytes stock_state(std::uint32_t count) {
  std::vector<store::RegisterPtr> registers;
  registers.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    Bytes key;
    process::append_binary(key, "key_" + std::to_string(100'000 + i));
    Bytes value;
    process::append_unsigned(value, i);
    const store::Timestamp stamp{static_cast<std::uint64_t>(wall_ms) + i % 1'000, 0,
                                 0xfedc'ba98'7654'3210};
    registers.push_back(
        store::Register::make({key, value, stamp, store::RegisterKind::value, std::nullopt}));
  }
  Bytes state;
  process::append_registers(registers, state);
  return state;
}

// The message that a frame would carry: {'$gen_cast', {update_registers, Map}}.
Bytes with_cast(ByteView state) {
  if (!state.empty() && state[0] == 131) state = state.subspan(1);
  Bytes message;
  if (!state.empty() && state[0] == 116) {
    process::append_tuple(message, 2);
    process::append_atom(message, "$gen_cast");
    process::append_tuple(message, 2);
    process::append_atom(message, "update_registers");
  }
  process::append_bytes(message, state);
  return message;
}

std::optional<Bytes> read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

struct Times {
  double empty_ms = 0;
  double again_ms = 0;
  std::size_t registers = 0;
};

// One node, one peer, the message twice.
class Run {
 public:
  Run()
      : router_({.self = *dist::NodeName::parse("bench@127.0.0.1"),
                 .creation = 4,
                 .hidden_feed = process::HiddenFeed::off,
                 .random = [] { return std::uint64_t{7}; }},
                replica_) {
    router_.peer_up(1, {*dist::NodeName::parse("peer@127.0.0.1"), 4, dist::hidden_flags}, now_);
  }
  std::optional<Times> measure(ByteView message) {
    Times times;
    for (double* milliseconds : {&times.empty_ms, &times.again_ms}) {
      const auto before = std::chrono::steady_clock::now();
      const auto scanned = ei_codec::scan_whole_term(message);
      if (!scanned) return std::nullopt;
      router_.receive(1, {dist::RegSend{peer_storage_, "Elixir.Groot.Storage"}, *scanned}, now_);
      const auto after = std::chrono::steady_clock::now();
      *milliseconds = std::chrono::duration<double, std::milli>(after - before).count();
      (void)router_.take_actions();
    }
    times.registers = replica_.size();
    return times;
  }

 private:
  store::Now now_{0, wall_ms};
  store::Replica replica_{store::ReplicaOptions{.node_id = 1}};
  process::Router router_;
  dist::Pid peer_storage_{{"peer@127.0.0.1"}, 100, 0, 4};
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const char* const argument = argc > 1 ? argv[1] : "300000";
  std::uint32_t count = 0;
  const char* const end = argument + std::strlen(argument);
  Bytes message;
  if (const auto parsed = std::from_chars(argument, end, count); parsed.ptr == end) {
    message = with_cast(stock_state(count));
  } else {
    const auto file = read_file(argument);
    if (!file) return fail(std::string("cannot read ") + argument);
    message = with_cast(*file);
  }
  std::vector<double> empty;
  std::vector<double> again;
  std::size_t registers = 0;
  for (int i = 0; i < runs; ++i) {
    const auto times = Run().measure(message);
    if (!times) return fail("not a term");
    empty.push_back(times->empty_ms);
    again.push_back(times->again_ms);
    registers = times->registers;
  }
  std::printf("{\"registers\": %zu, \"bytes\": %zu, \"empty_ms\": %.2f, \"again_ms\": %.2f}\n",
              registers, message.size(), median(empty), median(again));
  return 0;
}
