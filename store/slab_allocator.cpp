#include "store/slab_allocator.hpp"

#include <new>
#include <sys/mman.h>

namespace groot::store {
namespace {

// As large as a huge page, and aligned to it: a cell's address tells its slab.
constexpr std::size_t slab_bytes = std::size_t{2} << 20;
constexpr std::size_t cells_at = 64;  // behind the slab's own fields

void* map(std::size_t bytes) {
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

// A wish: the memory is the same whatever it is answered.
void ask_for_huge_pages(void* memory, std::size_t bytes) {
  madvise(memory, bytes, MADV_HUGEPAGE);
}

void* map_slab() {
  auto* const memory = static_cast<std::uint8_t*>(map(2 * slab_bytes));
  const std::size_t before = slab_bytes - reinterpret_cast<std::uintptr_t>(memory) % slab_bytes;
  munmap(memory, before);
  if (before < slab_bytes) munmap(memory + before + slab_bytes, slab_bytes - before);
  return memory + before;
}

}  // namespace

struct SlabAllocator::Slab {
  // Freed cells, each holding the address of the next; then those never used, from `unused` on.
  void* freed = nullptr;
  std::size_t unused = cells_at;
  std::size_t used_cells = 0;
  Slab* next = nullptr;
  Slab* previous = nullptr;

  static Slab* of(void* cell) {
    const auto address = reinterpret_cast<std::uintptr_t>(cell);
    return reinterpret_cast<Slab*>(address - address % slab_bytes);
  }
  [[nodiscard]] bool has_room(std::size_t cell_bytes) const {
    return freed != nullptr || unused + cell_bytes <= slab_bytes;
  }
  void* take(std::size_t cell_bytes) {
    ++used_cells;
    if (freed != nullptr) {
      void* const cell = freed;
      freed = *static_cast<void**>(cell);
      return cell;
    }
    void* const cell = reinterpret_cast<std::uint8_t*>(this) + unused;
    unused += cell_bytes;
    return cell;
  }
  void give_back(void* cell) {
    --used_cells;
    *static_cast<void**>(cell) = freed;
    freed = cell;
  }
};

SlabAllocator::~SlabAllocator() {
  for (SizeClass& cells : classes_) {
    while (Slab* const slab = cells.with_room) {
      unlink(cells, slab);
      munmap(slab, slab_bytes);
    }
  }
}

void SlabAllocator::link(SizeClass& cells, Slab* slab) {
  slab->previous = nullptr;
  slab->next = cells.with_room;
  if (slab->next != nullptr) slab->next->previous = slab;
  cells.with_room = slab;
}

void SlabAllocator::unlink(SizeClass& cells, Slab* slab) {
  (slab->previous == nullptr ? cells.with_room : slab->previous->next) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
}

void* SlabAllocator::allocate(std::size_t bytes) {
  if (bytes > cell_bytes_max) {
    void* const memory = map(bytes);
    ask_for_huge_pages(memory, bytes);
    return memory;
  }
  const std::size_t cell = cell_bytes(bytes);
  SizeClass& cells = size_class(cell);
  const std::lock_guard lock(cells.mutex);
  if (cells.with_room == nullptr) {
    void* const memory = map_slab();
    // A size of which there are few takes the pages that these fill, and no more.
    if (cells.slabs > 0) ask_for_huge_pages(memory, slab_bytes);
    link(cells, new (memory) Slab);
    ++cells.slabs;
  }
  Slab* const slab = cells.with_room;
  void* const memory = slab->take(cell);
  if (!slab->has_room(cell)) unlink(cells, slab);
  return memory;
}

void SlabAllocator::free(void* memory, std::size_t bytes) {
  if (bytes > cell_bytes_max) {
    munmap(memory, bytes);
    return;
  }
  const std::size_t cell = cell_bytes(bytes);
  SizeClass& cells = size_class(cell);
  const std::lock_guard lock(cells.mutex);
  Slab* const slab = Slab::of(memory);
  const bool was_full = !slab->has_room(cell);
  slab->give_back(memory);
  if (was_full) link(cells, slab);
  if (slab->used_cells > 0) return;
  unlink(cells, slab);
  if (cells.with_room == nullptr && cells.slabs > 1) {
    // The others are full: a register that is replaced again and again would come and go with it.
    link(cells, slab);
    return;
  }
  munmap(slab, slab_bytes);
  --cells.slabs;
}

std::size_t SlabAllocator::slab_count() const {
  std::size_t count = 0;
  for (const SizeClass& cells : classes_) {
    const std::lock_guard lock(cells.mutex);
    count += cells.slabs;
  }
  return count;
}

SlabAllocator& slabs() {
  // Never destroyed: registers may outlive whatever else is static.
  static auto* const allocator = new SlabAllocator;
  return *allocator;
}

}  // namespace groot::store
