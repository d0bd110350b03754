#include "cpp_tests/bench/memory_wait.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <sys/mman.h>
#include <vector>

#include "ei_codec/result.hpp"

namespace groot::bench {
namespace {

constexpr std::size_t page_bytes = std::size_t{2} << 20;
constexpr std::size_t loads = 1'000'000;

struct alignas(64) Line {
  std::uint32_t next;
};

}  // namespace

double dependent_load_ns(std::size_t bytes) {
  const std::size_t size = (bytes / page_bytes + 1) * page_bytes;
  const std::unique_ptr<void, void (*)(void*)> memory(std::aligned_alloc(page_bytes, size),
                                                      std::free);
  // Where it is refused, pages are small.
  (void)::madvise(memory.get(), size, MADV_HUGEPAGE);
  const std::span<Line> lines(static_cast<Line*>(memory.get()), size / sizeof(Line));
  std::vector<std::uint32_t> order(lines.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::shuffle(order, std::mt19937(7));
  for (std::size_t i = 0; i < order.size(); ++i) {
    lines[order[i]].next = order[(i + 1) % order.size()];
  }

  std::uint32_t at = order.front();
  const auto before = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < loads; ++i) at = lines[at].next;
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - before;
  invariant(at < lines.size(), "a line leads to none");  // and so the loads are made
  return took.count() / loads;
}

}  // namespace groot::bench
