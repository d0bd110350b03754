#include "cpp_tests/sim/trace.hpp"

#include <array>
#include <cstdio>
#include <cstring>

namespace groot::sim {

void Trace::note(std::uint64_t number) {
  // FNV-1a over words, each mixed down: bits of the upper half must reach the lower one.
  hash_ = (hash_ ^ number) * 0x100000001b3;
  hash_ ^= hash_ >> 29;
}

void Trace::note(ei_codec::ByteView bytes) {
  note(bytes.size());
  for (; bytes.size() >= sizeof(std::uint64_t); bytes = bytes.subspan(sizeof(std::uint64_t))) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    note(word);
  }
  std::uint64_t rest = 0;
  if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
  note(rest);
}

void Trace::tell(std::string_view text) {
  if (!told_) return;
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%9.3f s  ", static_cast<double>(schedule_.now()) / 1000);
  lines_.push_back(time.data() + std::string(text));
  if (lines_.size() > trace_lines_max) lines_.pop_front();
}

}  // namespace groot::sim
