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

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
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
  // How often it is noted that the node is there, and looked who reads the file; see limits.hpp.
  std::int64_t alive_interval_ms = 60'000;
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

// What is to be told of those who read the file beside this program.
struct ReaderNews {
  std::size_t dead = 0;            // ended in the middle, and no longer in the way
  std::vector<std::int64_t> slow;  // pids: at the same reading for an interval or two
  std::vector<std::int64_t> over;  // pids: were slow, and have ended
  [[nodiscard]] bool empty() const { return dead == 0 && slow.empty() && over.empty(); }
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
  // Any thread. What has changed of the peers, to be saved with the next commit, or the next note
  // that the node is there.
  void keep_peers(std::vector<store::KeptPeer> peers);
  // Any thread. Commits this clock soon, though no register has changed.
  void save_clock(const store::Timestamp& clock);
  // Any thread. The clock in the file.
  [[nodiscard]] store::Timestamp saved_clock() const;
  // Any thread. Until told otherwise the file goes on saying that the node was last there when it
  // said so before: what it was away for is not settled yet.
  void hold_alive(bool held);
  // Any thread. Blocks until what the receipt is for is settled. Error: not_saved.
  Result<void> wait(Receipt& receipt);
  // Any thread. Why changes are not saved at present.
  [[nodiscard]] std::optional<std::string> failure() const;
  // Any thread. What was settled since the last call, in order; neighbours of one result are one.
  [[nodiscard]] std::vector<Settled> settled();
  // Any thread. Since the last call.
  [[nodiscard]] ReaderNews reader_news();
  // Any thread. Who is in the way of the file's room being used again, and for how long, in
  // milliseconds.
  struct LongReader {
    std::int64_t pid = 0;
    std::int64_t for_ms = 0;
  };
  [[nodiscard]] std::vector<LongReader> slow_readers() const;
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
  // When it is time.
  void look_at_readers(Lock& lock);
  void fail(const Error& why);
  void settle(std::uint64_t end, const Result<void>& result);
  void tell(Lock& lock);
  [[nodiscard]] Marks marks(std::int64_t now_ms) const;
  // Of a commit that has failed the same are to be saved again.
  [[nodiscard]] std::vector<store::KeptPeer> take_changed_peers();
  void give_back(std::vector<store::KeptPeer> peers);
  // What was set aside among entries that are given up.
  void keep_aside(std::span<const store::JournalEntry> entries);

  CommitterOptions options_;
  std::unique_ptr<Database> database_;  // the commit thread's

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  std::vector<store::JournalEntry> queue_;
  std::vector<store::JournalEntry> aside_;  // of what was given up: it is in no register
  std::map<std::string, store::KeptPeer> changed_peers_;  // by name; not in the file yet
  Clock::time_point queue_since_;
  std::uint64_t handed_over_ = 0;  // number of the last entry in the queue
  std::uint64_t settled_end_ = 0;
  store::Timestamp clock_;
  store::Timestamp saved_clock_;
  bool clock_due_ = false;
  std::vector<Settled> settled_;
  std::vector<SlowReader> slow_readers_;
  ReaderNews reader_news_;
  std::atomic<bool> has_reader_news_{false};  // asked for far more often than there is any
  Clock::time_point last_look_;
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
