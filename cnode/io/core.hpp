// What the threads of one node share: the replica and the router behind one lock, and the queue in
// which writers leave what their writes want done for the network thread.
//
// A writer never waits for the network. It does wait, a moment, when it is so much faster than the
// network thread that the queue is full, and is refused when that does not help; and it waits until
// its write is in the file, where that is wanted.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "cnode/disk/committer.hpp"
#include "cnode/process/router.hpp"
#include "store/replica.hpp"

namespace groot::io {

using ei_codec::ByteView;

// One clock, or both, read now. The monotonic one counts the time that the machine slept, as the
// wall clock does.
[[nodiscard]] std::int64_t monotonic_ms();
[[nodiscard]] store::Now read_clocks();

// Where changes are saved: `database` is what the replica was loaded from. RouterOptions::saving
// says whether writes wait for it.
struct SavingOptions {
  std::unique_ptr<disk::Database> database;
  std::int64_t alive_interval_ms = 60'000;
};

class Core {
 public:
  Core(std::unique_ptr<store::Replica> replica, process::RouterOptions router_options);
  // The same, with changes saved from now on.
  Core(std::unique_ptr<store::Replica> replica, process::RouterOptions router_options,
       SavingOptions saving);
  ~Core();  // stops saving
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // ---- any thread ----
  // Null when a reader would see none; there until the section ends.
  [[nodiscard]] const store::Register* get(const store::ReadSection& section,
                                           ByteView canonical_key) const {
    const store::Register* const reg = replica_->find(section, canonical_key);
    if (reg == nullptr) return nullptr;
    // Few have a deadline, and to read the clock costs as much as the look-up.
    const auto deadline = reg->expires_at_ms();
    return deadline && store::is_past_deadline(deadline, deadline_ms()) ? nullptr : reg;
  }
  // Before several are got: see RegisterMap::prefetch.
  void prefetch(const store::ReadSection& section, std::span<const ByteView> canonical_keys) const {
    replica_->prefetch(section, canonical_keys);
  }
  [[nodiscard]] std::size_t size() const { return replica_->size(); }
  // With Saving::sync both return when the write is in the file, but at once in the network thread.
  // Error then: disk_errc::not_saved; the write stands all the same. After leave: left_cluster; too
  // far ahead of a network thread that does not take what was written: overloaded. Nothing is
  // written with either. Without memory: std::errc::not_enough_memory; it may stand, and be told to
  // nobody.
  Result<void> set(ByteView canonical_key, const store::ValueView& value,
                   std::optional<std::int64_t> expires_in_ms);
  Result<void> erase(ByteView canonical_key);
  // Why changes are not saved at present; none while they are, or need not be.
  [[nodiscard]] std::optional<std::string> save_failure() const;
  // See Replica::report_changes.
  void report_changes(bool wanted);
  // The registers that a reader would see.
  [[nodiscard]] std::vector<store::RegisterPtr> registers() const;
  // Any thread. How many values are in doubt (store/doubt.hpp).
  [[nodiscard]] std::size_t doubtful() const;

  // Before the network thread ends: no write is let in any more. Those that were are still sent.
  void leave();
  // When the network thread has ended: saves what is left.
  void stop_saving();

  // Any thread. An exception came where the replica cannot go on (Replica::is_torn): nothing is
  // written or sent any more; what was saved by then stays so.
  [[nodiscard]] bool is_broken() const { return broken_.load(std::memory_order_relaxed); }

  // ---- the network thread ----

  // `wake` is called by a writer, from its thread, when the queue is no longer empty; run() empties
  // it. detach is for after leave, and the run() that performed what was written before it.
  void attach(std::function<void()> wake);
  void detach();

  // Calls `call(router, now)` under the lock, after what writers have left, and returns what the
  // router wants done: to be performed without the lock. After an exception, which is passed on,
  // the next run returns what was wanted by then. A broken core does nothing any more.
  template <class Call>
  [[nodiscard]] std::vector<process::Action> run(Call&& call) {
    const std::lock_guard lock(mutex_);
    if (is_broken()) return {};
    try {
      const store::Now now = replica_->believe(read_clocks());
      perform_pending(now);
      std::forward<Call>(call)(router_, now);
      if (!committer_) return router_.take_actions();
      save_changes(now);
      std::vector<process::Action> actions = router_.take_actions();
      report_readers(actions);
      return actions;
    } catch (...) {
      note_exception();
      throw;
    }
  }
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const;

 private:
  // Any thread. The time that deadlines are held against.
  [[nodiscard]] std::int64_t deadline_ms() const {
    return replica_->wall_time().deadline_ms(monotonic_ms());
  }
  process::RouterOptions with_readers(process::RouterOptions options);
  // Whether writers have left so many times as much for the network thread as may wait for it.
  [[nodiscard]] bool is_ahead(std::size_t times = 1) const;
  // `bytes`: of the key and the value.
  template <class Write>
  Result<void> write(std::size_t bytes, Write&& write);
  void perform_pending(const store::Now& now);
  void note_exception() {
    if (replica_->is_torn()) broken_.store(true, std::memory_order_relaxed);
  }
  // The commit thread. All that is held, some at a time under the lock; what changes meanwhile is
  // in the journal.
  [[nodiscard]] std::vector<store::RegisterPtr> copy_registers() const;
  // Hands over what has changed, and tells the router what has been settled.
  void save_changes(const store::Now& now);
  // Adds what is to be logged of those who read the data file.
  void report_readers(std::vector<process::Action>& actions);

  mutable std::mutex mutex_;
  std::condition_variable drained_;
  std::unique_ptr<store::Replica> replica_;
  process::Router router_;
  store::Effects pending_;
  std::size_t pending_bytes_ = 0;  // of the keys and values that were written since it was empty
  std::function<void()> wake_;
  std::thread::id network_thread_;
  bool left_ = false;
  std::atomic<bool> broken_{false};
  bool writes_wait_ = false;
  std::shared_ptr<disk::Committer> committer_;
};

}  // namespace groot::io
