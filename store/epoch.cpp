#include "store/epoch.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <limits>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace groot::store {
namespace epoch {
namespace {

std::atomic<Reader*> readers{nullptr};

// Gives the reader back when the thread ends.
struct Enlisted {
  Reader* reader = nullptr;
  ~Enlisted() {
    this_thread = nullptr;
    if (reader != nullptr) reader->in_use.store(false, std::memory_order_release);
  }
};

bool ask_for_barrier(int command) {
  return syscall(__NR_membarrier, command, 0, 0) == 0;
}

// Once, for the process.
bool readers_need_no_fence() {
  static const bool registered = [] {
    if (!ask_for_barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)) return false;
    readers_fence.store(false, std::memory_order_relaxed);
    return true;
  }();
  return registered;
}

// Longer, by orders of magnitude, than a processor takes to show the others what it has stored.
constexpr timespec until_all_is_shown{0, 20'000'000};

// The barrier that stands between what this thread has taken out and its look at who reads: who
// does not show as a reader yet will find what is there now.
void full_barrier() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  static std::atomic<bool> all_fence{false};
  if (!readers_need_no_fence() || all_fence.load(std::memory_order_acquire)) return;
  if (ask_for_barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) return;
  // Readers put it from now on. Who saw a moment ago that they need not has stored before that
  // where it began; the processor may keep that to itself yet, but not for long. Once in the life
  // of a process.
  readers_fence.store(true, std::memory_order_seq_cst);
  timespec left = until_all_is_shown;
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);
  all_fence.store(true, std::memory_order_release);
}

// The epoch that the earliest of those who read began in.
std::uint64_t oldest_reader() {
  std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
  for (Reader* reader = readers.load(std::memory_order_acquire); reader != nullptr;
       reader = reader->next) {
    const std::uint64_t began = reader->began.load(std::memory_order_acquire);
    if (began != 0) oldest = std::min(oldest, began);
  }
  return oldest;
}

}  // namespace

Reader& enlist() {
  for (Reader* reader = readers.load(std::memory_order_acquire); reader != nullptr;
       reader = reader->next) {
    bool in_use = false;
    if (reader->in_use.compare_exchange_strong(in_use, true, std::memory_order_acquire)) {
      this_thread = reader;
      break;
    }
  }
  if (this_thread == nullptr) {
    this_thread = new Reader;
    this_thread->next = readers.load(std::memory_order_relaxed);
    while (!readers.compare_exchange_weak(this_thread->next, this_thread, std::memory_order_release,
                                          std::memory_order_relaxed)) {
    }
  }
  thread_local Enlisted enlisted;
  enlisted.reader = this_thread;
  return *this_thread;
}

}  // namespace epoch

namespace {

// A barrier on every processor takes as long as some dozens of registers to free.
constexpr std::size_t batch_count_max = 256;
constexpr std::size_t batch_bytes_max = 64 * 1'024;

}  // namespace

Retired::Retired() {
  epoch::readers_need_no_fence();
}

void Retired::add(RegisterPtr reg) {
  filling_bytes_ += reg->key().size() + reg->value().size();
  filling_.registers.push_back(std::move(reg));
  if (filling_.registers.size() >= batch_count_max || filling_bytes_ >= batch_bytes_max) flush();
}

void Retired::add(std::shared_ptr<const void> memory) {
  filling_.others.push_back(std::move(memory));
  flush();
}

std::size_t Retired::count() const {
  std::size_t count = filling_.registers.size() + filling_.others.size();
  for (const Batch& batch : full_) count += batch.registers.size() + batch.others.size();
  return count;
}

void Retired::flush() {
  // Who reads from now on begins in the next epoch, and finds none of it.
  filling_.epoch = epoch::current.fetch_add(1, std::memory_order_acq_rel);
  full_.push_back(std::exchange(filling_, {}));
  filling_bytes_ = 0;
  epoch::full_barrier();
  const std::uint64_t oldest = epoch::oldest_reader();
  std::erase_if(full_, [oldest](const Batch& batch) { return batch.epoch < oldest; });
}

}  // namespace groot::store
