#include "store/slab_allocator.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

namespace groot::store {
namespace {

struct Block {
  std::uint8_t* memory;
  std::size_t bytes;
  std::uint8_t fill;
};

Block filled(SlabAllocator& slabs, std::size_t bytes, std::uint8_t fill) {
  auto* const memory = static_cast<std::uint8_t*>(slabs.allocate(bytes));
  std::memset(memory, fill, bytes);
  return {memory, bytes, fill};
}

bool is_intact(const Block& block) {
  return std::all_of(block.memory, block.memory + block.bytes,
                     [&](std::uint8_t byte) { return byte == block.fill; });
}

TEST_CASE("slabs: blocks of every size are aligned, apart, and go back to the system") {
  SlabAllocator slabs;
  std::vector<Block> blocks;
  for (std::size_t bytes = 1; bytes <= SlabAllocator::small_bytes_max + 2; ++bytes) {
    blocks.push_back(filled(slabs, bytes, static_cast<std::uint8_t>(bytes)));
    CHECK(reinterpret_cast<std::uintptr_t>(blocks.back().memory) % 8 == 0);
  }
  CHECK(slabs.slab_count() == SlabAllocator::small_bytes_max / 8 + 1);
  for (std::size_t bytes = 2'048; bytes <= 4 * SlabAllocator::cell_bytes_max; bytes *= 2) {
    blocks.push_back(filled(slabs, bytes, static_cast<std::uint8_t>(bytes >> 10)));
  }
  CHECK(slabs.slab_count() == SlabAllocator::small_bytes_max / 8 + 9);
  CHECK(std::ranges::all_of(blocks, is_intact));
  for (const Block& block : blocks) slabs.free(block.memory, block.bytes);
  CHECK(slabs.slab_count() == 0);
}

TEST_CASE("slabs: as many as are needed, and each goes when its last block goes") {
  constexpr std::size_t bytes = 1'000;
  constexpr std::size_t a_slab = ((std::size_t{2} << 20) - 64) / bytes;
  SlabAllocator slabs;
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < 3 * a_slab; ++i) {
    blocks.push_back(filled(slabs, bytes, static_cast<std::uint8_t>(i)));
  }
  CHECK(slabs.slab_count() == 3);

  // Every other block leaves holes, which the next blocks fill.
  for (std::size_t i = 0; i < blocks.size(); i += 2) slabs.free(blocks[i].memory, bytes);
  CHECK(slabs.slab_count() == 3);
  for (std::size_t i = 0; i < blocks.size(); i += 2) blocks[i] = filled(slabs, bytes, 7);
  CHECK(slabs.slab_count() == 3);
  CHECK(std::ranges::all_of(blocks, is_intact));

  for (std::size_t i = 0; i < a_slab; ++i) slabs.free(blocks[i].memory, bytes);
  // Kept while the others are full.
  CHECK(slabs.slab_count() == 3);
  slabs.free(blocks.back().memory, bytes);
  for (std::size_t i = a_slab; i < 2 * a_slab; ++i) slabs.free(blocks[i].memory, bytes);
  CHECK(slabs.slab_count() == 2);
  for (std::size_t i = 2 * a_slab; i + 1 < 3 * a_slab; ++i) slabs.free(blocks[i].memory, bytes);
  CHECK(slabs.slab_count() <= 1);
}

TEST_CASE("slabs: one block that is replaced again and again takes no new slab each time") {
  constexpr std::size_t bytes = 512;
  constexpr std::size_t a_slab = ((std::size_t{2} << 20) - 64) / bytes;
  SlabAllocator slabs;
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < a_slab; ++i) blocks.push_back(filled(slabs, bytes, 1));
  CHECK(slabs.slab_count() == 1);
  for (int i = 0; i < 10; ++i) {
    Block& replaced = blocks[static_cast<std::size_t>(i)];
    const Block next = filled(slabs, bytes, 2);
    slabs.free(replaced.memory, bytes);
    replaced = next;
    CHECK(slabs.slab_count() == 2);
  }
  CHECK(std::ranges::all_of(blocks, is_intact));
  for (const Block& block : blocks) slabs.free(block.memory, bytes);
}

TEST_CASE("property: slabs, against any order of taking and giving back") {
  CHECK(rc::check([] {
    SlabAllocator slabs;
    std::vector<Block> held;
    std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
    for (int step = 0; step < 3'000; ++step) {
      if (held.empty() || random() % 5 < 3) {
        const std::size_t bytes = 1 + random() % 1'100;
        held.push_back(filled(slabs, bytes, static_cast<std::uint8_t>(random())));
        continue;
      }
      std::swap(held[random() % held.size()], held.back());
      RC_ASSERT(is_intact(held.back()));
      slabs.free(held.back().memory, held.back().bytes);
      held.pop_back();
    }
    RC_ASSERT(std::ranges::all_of(held, is_intact));
    for (const Block& block : held) slabs.free(block.memory, block.bytes);
    RC_ASSERT(slabs.slab_count() == 0U);
  }));
}

TEST_CASE("slabs: blocks taken in one thread and given back in another") {
  SlabAllocator slabs;
  const auto work = [&slabs](std::uint8_t fill) {
    std::vector<Block> blocks;
    for (std::size_t i = 0; i < 5'000; ++i) blocks.push_back(filled(slabs, 16 + i % 64, fill));
    return blocks;
  };
  std::vector<Block> of_one;
  std::vector<Block> of_other;
  std::thread one([&] { of_one = work(1); });
  std::thread other([&] { of_other = work(2); });
  one.join();
  other.join();
  const auto release = [&slabs](const std::vector<Block>& blocks) {
    for (const Block& block : blocks) {
      if (is_intact(block)) slabs.free(block.memory, block.bytes);
    }
  };
  std::thread first([&] { release(of_other); });
  std::thread second([&] { release(of_one); });
  first.join();
  second.join();
  CHECK(slabs.slab_count() == 0);
}

}  // namespace
}  // namespace groot::store
