// Memory for what a store has millions of, and for the tables that lead to it: slabs of 2 MiB, each
// cut into cells of one size.
//
// Where a size needs more than one slab, the kernel is asked for huge pages: pages of 4 KiB take a
// fifth of the time that merging a full state takes, and a part of each look-up's. A slab whose
// last cell is freed goes back to the system, which a general allocator does not do for blocks this
// small.
//
// Threads: any, at any time.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace groot::store {

class SlabAllocator {
 public:
  // Sizes of cells: up to small_bytes_max every multiple of 8, then the powers of two. Larger
  // blocks are mapped by themselves: too few fit into a slab.
  static constexpr std::size_t small_bytes_max = 1'024;
  static constexpr std::size_t cell_bytes_max = std::size_t{512} << 10;

  SlabAllocator() = default;
  // Precondition: all that was allocated has been freed.
  ~SlabAllocator();
  SlabAllocator(const SlabAllocator&) = delete;
  SlabAllocator& operator=(const SlabAllocator&) = delete;

  // Aligned to 8 bytes; of undefined contents. Throws std::bad_alloc.
  [[nodiscard]] void* allocate(std::size_t bytes);
  // `bytes`: what was asked for.
  void free(void* memory, std::size_t bytes);

  // Slabs in use now, of all sizes.
  [[nodiscard]] std::size_t slab_count() const;

 private:
  struct Slab;

  // The slabs of one cell size.
  struct SizeClass {
    mutable std::mutex mutex;
    Slab* with_room = nullptr;  // a doubly linked list of those that have a free cell
    std::size_t slabs = 0;
  };

  static constexpr std::size_t unit = 8;
  static constexpr std::size_t small_classes = small_bytes_max / unit + 1;
  static constexpr std::size_t large_classes =
      static_cast<std::size_t>(std::countr_zero(cell_bytes_max / small_bytes_max));

  static std::size_t cell_bytes(std::size_t bytes) {
    return bytes <= small_bytes_max ? (bytes + unit - 1) / unit * unit : std::bit_ceil(bytes);
  }
  SizeClass& size_class(std::size_t cell) {
    if (cell <= small_bytes_max) return classes_[cell / unit];
    const auto doublings = static_cast<std::size_t>(std::countr_zero(cell / small_bytes_max));
    return classes_[small_classes + doublings - 1];
  }
  static void link(SizeClass& cells, Slab* slab);
  static void unlink(SizeClass& cells, Slab* slab);

  std::array<SizeClass, small_classes + large_classes> classes_;
};

// The one that registers and tables come from.
[[nodiscard]] SlabAllocator& slabs();

}  // namespace groot::store
