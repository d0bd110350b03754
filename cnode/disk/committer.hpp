// Brings a replica's journal into the file, in a thread of its own.
//
//   owner of the replica ──hand_over──> queue ──> commit thread ──> Database
//          ^                                            │
//          └──── settled(): what is in the file by now ─┘
//
// All that has been handed over while one commit was under way goes into the next. When a commit
// fails, the queue is given up, and the same thread tries again, ever less often, to write
// everything that the replica then holds: nothing is wiped, and memory does not grow meanwhile.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cnode/disk/database.hpp"
#include "ei_codec/result.hpp"
#include "store/journal.hpp"

namespace groot::disk {

struct CommitterOptions {
  // Commit as soon as there is something, because somebody waits for it; else commit_delay later,
  // for many at once.
  bool at_once = false;
  std::int64_t alive_interval_ms = 60'000;  // see limits.hpp
  // Called in the commit thread, under a lock: must not call back.
  std::function<std::int64_t()> wall_ms;
  // Both are called in the commit thread. All registers, for a new start after a failure; there is
  // news in settled().
  std::function<std::vector<store::RegisterPtr>()> registers;
  std::function<void()> news;
};

// Journal entries up to number `end` are in the file, or are known not to be.
struct Settled {
  std::uint64_t end = 0;
  Result<void> result;  // disk_errc::not_saved
};

class Committer {
 public:
  // Whether what was handed over with it is in the file.
  class Receipt {
    friend class Committer;
    std::uint64_t end_ = 0;
    std::optional<Result<void>> result_;
  };

  Committer(CommitterOptions options, std::unique_ptr<Database> database);
  ~Committer();  // stops
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Starts the thread.
  void start();
  // Any thread, in the order of the journal. `end` is the number of the last of the entries,
  // `clock` the replica's now. The receipt, where there is one, lives until it was waited for.
  void hand_over(std::vector<store::JournalEntry> entries, std::uint64_t end,
                 const store::Timestamp& clock, Receipt* receipt = nullptr);
  // Any thread. Until told otherwise the file goes on saying that the node was last there when it
  // said so before: what it was away for is not settled yet.
  void hold_alive(bool held);
  // Any thread. Blocks until what the receipt is for is settled. Error: not_saved.
  Result<void> wait(Receipt& receipt);
  // Any thread. Why changes are not saved at present.
  [[nodiscard]] std::optional<std::string> failure() const;
  // Any thread. What was settled since the last call, in order; neighbours of one result are one.
  [[nodiscard]] std::vector<Settled> settled();
  // Any thread but the commit thread. Commits what is left, ends the thread and closes the file;
  // what comes later is not saved.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  void run();
  // Each gives the lock back for as long as it writes.
  void commit_queue(Lock& lock);
  void note_alive(Lock& lock);
  void start_over(Lock& lock);
  void fail(const Error& why);
  void settle(std::uint64_t end, const Result<void>& result);
  void tell(Lock& lock);
  [[nodiscard]] Marks marks(std::int64_t now_ms) const;

  CommitterOptions options_;
  std::unique_ptr<Database> database_;  // the commit thread's

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  std::vector<store::JournalEntry> queue_;
  Clock::time_point queue_since_;
  std::uint64_t handed_over_ = 0;  // number of the last entry in the queue
  std::uint64_t settled_end_ = 0;
  store::Timestamp clock_;
  std::vector<Settled> settled_;
  std::vector<Receipt*> receipts_;
  bool accepting_ = true;         // else what is handed over is given up
  std::optional<Error> failure_;  // of the last commit
  bool alive_held_ = false;
  bool stopping_ = false;
  std::chrono::milliseconds retry_delay_{0};
  Clock::time_point last_commit_;
  std::mutex stop_mutex_;  // held while stopping: the second caller waits as well
  std::thread thread_;
};

}  // namespace groot::disk
