// How long a full state of a stock node takes from the bytes of its frame, as they come off the
// socket, to merged registers: frames, fragments, gate, router, storage process, replica, and the
// conclusions from what the state lacks. All that production does but the kernel's part.
//
//   merge_bench [FILE | REGISTERS]
//
// FILE holds the cast {'$gen_cast', {update_registers, #{Key => R}}} as an external term; without
// one a state of REGISTERS (300000) registers as stock Groot builds them. Prints one JSON object:
// medians of seven runs into an empty replica, of the same state right after, when all is held, and
// once more, as a stock node sends it every 10 to 20 s; and of two bare passes over the same bytes,
// memcpy and ei_skip_term. Processor time, so that it matters little what else the machine does.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <ei.h>

#include "cpp_tests/bench/arguments.hpp"
#include "cpp_tests/bench/full_state.hpp"
#include "cpp_tests/bench/processor_time.hpp"

namespace {

using namespace groot;
using ei_codec::Bytes;
using ei_codec::ByteView;

constexpr int runs = 7;
constexpr std::uint8_t version_byte = 131;

int fail(const std::string& why) {
  std::fprintf(stderr, "merge_bench: %s\n", why.c_str());
  return 1;
}

std::optional<Bytes> read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  Bytes bytes(std::istreambuf_iterator<char>(in), {});
  if (!bytes.empty() && bytes.front() == version_byte) bytes.erase(bytes.begin());
  return bytes;
}

// The least that whoever keeps the bytes, and whoever reads them, has to do.
double copy_ms(ByteView bytes) {
  Bytes copy(bytes.size());
  const double before = bench::processor_ms();
  std::memcpy(copy.data(), bytes.data(), bytes.size());
  return bench::processor_ms() - before;
}

std::optional<double> skip_ms(ByteView term) {
  int at = 0;
  const double before = bench::processor_ms();
  const int failed = ei_skip_term(ei_codec::as_text(term).data(), &at);
  if (failed != 0 || at != static_cast<int>(term.size())) return std::nullopt;
  return bench::processor_ms() - before;
}

struct Times {
  double empty_ms = 0;
  double held_ms = 0;
  double again_ms = 0;
  std::size_t registers = 0;
};

std::optional<Times> measure(ByteView stream) {
  bench::StockPeer peer;
  if (!peer.is_known()) return std::nullopt;
  Times times;
  for (double* milliseconds : {&times.empty_ms, &times.held_ms, &times.again_ms}) {
    const double before = bench::processor_ms();
    if (!bench::receive(stream, peer)) return std::nullopt;
    *milliseconds = bench::processor_ms() - before;
  }
  times.registers = peer.replica().size();
  return times;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const char* const argument = argc > 1 ? argv[1] : "300000";
  Bytes message;
  if (const std::uint32_t count = bench::number(argument); count > 0) {
    message = bench::full_state(count);
  } else {
    auto file = read_file(argument);
    if (!file) return fail(std::string("cannot read ") + argument);
    message = *std::move(file);
  }
  const std::size_t bytes = message.size();
  std::vector<double> copies;
  std::vector<double> skips;
  for (int i = 0; i < runs; ++i) {
    copies.push_back(copy_ms(message));
    const auto skip = skip_ms(message);
    if (!skip) return fail("ei does not read it");
    skips.push_back(*skip);
  }
  const Bytes stream = bench::as_stream(std::move(message));
  std::vector<double> empty;
  std::vector<double> held;
  std::vector<double> again;
  std::size_t registers = 0;
  for (int i = 0; i < runs; ++i) {
    const auto times = measure(stream);
    if (!times) return fail("not a frame with one term");
    empty.push_back(times->empty_ms);
    held.push_back(times->held_ms);
    again.push_back(times->again_ms);
    registers = times->registers;
  }
  std::printf(
      "{\"registers\": %zu, \"bytes\": %zu, \"empty_ms\": %.2f, \"held_ms\": %.2f, "
      "\"again_ms\": %.2f, \"copy_ms\": %.3f, \"skip_ms\": %.3f}\n",
      registers, bytes, median(empty), median(held), median(again), median(copies), median(skips));
  return 0;
}
