// What the threads of one node share: the replica and the router behind one lock, and the queue in
// which writers leave what their writes want done for the network thread.
//
// A writer never waits for the network. It does wait, a moment, when it is so much faster than the
// network thread that the queue is full; and until its write is in the file, where that is wanted.
#pragma once

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

// One clock, or both, read now.
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
    return deadline && store::is_past_deadline(deadline, read_clocks().wall_ms) ? nullptr : reg;
  }
  // Before several are got: see RegisterMap::prefetch.
  void prefetch(const store::ReadSection& section, std::span<const ByteView> canonical_keys) const {
    replica_->prefetch(section, canonical_keys);
  }
  [[nodiscard]] std::size_t size() const { return replica_->size(); }
  // With Saving::sync both return when the write is in the file, but at once in the network thread.
  // Error then: disk_errc::not_saved; the write stands all the same.
  Result<void> set(ByteView canonical_key, const store::ValueView& value,
                   std::optional<std::int64_t> expires_in_ms);
  Result<void> erase(ByteView canonical_key);
  // Why changes are not saved at present; none while they are, or need not be.
  [[nodiscard]] std::optional<std::string> save_failure() const;
  // See Replica::report_changes.
  void report_changes(bool wanted);
  // The registers that a reader would see.
  [[nodiscard]] std::vector<store::RegisterPtr> registers() const;

  // When the network thread has ended: saves what is left. What is written later is not saved.
  void stop_saving();

  // ---- the network thread ----

  // `wake` is called by a writer, from its thread, when the queue is no longer empty; run() empties
  // it. Without it (detach) effects are dropped: nobody is there to perform them.
  void attach(std::function<void()> wake);
  void detach();

  // Calls `call(router, now)` under the lock, after what writers have left, and returns what the
  // router wants done: to be performed without the lock.
  template <class Call>
  [[nodiscard]] std::vector<process::Action> run(Call&& call) {
    const std::lock_guard lock(mutex_);
    const store::Now now = read_clocks();
    perform_pending(now);
    std::forward<Call>(call)(router_, now);
    if (committer_) save_changes(now);
    return router_.take_actions();
  }
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const;

 private:
  template <class Write>
  Result<void> write(Write&& write);
  void perform_pending(const store::Now& now);
  // Hands over what has changed, and tells the router what has been settled.
  void save_changes(const store::Now& now);

  mutable std::mutex mutex_;
  std::condition_variable drained_;
  std::unique_ptr<store::Replica> replica_;
  process::Router router_;
  store::Effects pending_;
  std::function<void()> wake_;
  std::thread::id network_thread_;
  bool detached_ = false;
  bool writes_wait_ = false;
  std::unique_ptr<disk::Committer> committer_;  // last: its thread uses the rest
};

}  // namespace groot::io
