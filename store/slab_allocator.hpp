// Memory for the small registers, of which there may be millions: slabs of 2 MiB, each cut into
// cells of one size.
//
// Where a register's size needs more than one slab, the kernel is asked for huge pages: pages of
// 4 KiB take a fifth of the time that merging a full state takes, and most of a look-up's cache
// misses. A slab whose last cell is freed goes back to the system, which a general allocator does
// not do for blocks this small.
//
// Threads: any, at any time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace groot::store {

class SlabAllocator {
 public:
  // Larger blocks come from operator new: too few fit into a slab.
  static constexpr std::size_t cell_bytes_max = 1'024;

  SlabAllocator() = default;
  // Precondition: all that was allocated has been freed.
  ~SlabAllocator();
  SlabAllocator(const SlabAllocator&) = delete;
  SlabAllocator& operator=(const SlabAllocator&) = delete;

  // Aligned as operator new aligns. Throws std::bad_alloc.
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

  static constexpr std::size_t unit = 16;

  SizeClass& size_class(std::size_t bytes) { return classes_[(bytes + unit - 1) / unit]; }
  static void link(SizeClass& cells, Slab* slab);
  static void unlink(SizeClass& cells, Slab* slab);

  std::array<SizeClass, cell_bytes_max / unit + 1> classes_;
};

// The one that registers come from.
[[nodiscard]] SlabAllocator& register_memory();

}  // namespace groot::store
