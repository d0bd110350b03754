// simulate --seeds N [--seed S]: N runs from seed S (1) on. Stops at the first that breaks a
// promise, with its seed, its last lines and status 1.
#include <charconv>
#include <cstdint>
#include <iostream>
#include <string_view>
#include <system_error>

#include "cpp_tests/sim/simulation.hpp"

namespace {

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

int usage() {
  std::cerr << "usage: simulate --seeds N [--seed S]\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 1;
  std::uint64_t first = 1;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    if (i + 1 == argc) return usage();
    const bool read = option == "--seeds" ? read_number(argv[i + 1], seeds)
                                          : option == "--seed" && read_number(argv[i + 1], first);
    if (!read) return usage();
  }
  double hours = 0;
  std::uint64_t messages = 0;
  std::uint64_t hash = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const groot::sim::Outcome outcome = groot::sim::simulate(seed);
    hours += static_cast<double>(outcome.simulated_ms) / 3'600'000;
    messages += outcome.messages;
    hash = hash * 31 + outcome.hash;
    if (!outcome.violation) continue;
    std::cout << groot::sim::describe_failure(seed);
    return 1;
  }
  std::cout << seeds << " seeds from " << first << ": " << hours << " simulated hours, " << messages
            << " messages, hash " << hash << ", no promise broken\n";
}
