// Brings a replica's journal into the file, in a thread of its own.
//
//   owner of the replica ──hand_over──> queue ──> commit thread ──> Database
//          ^                                            │
//          └──── settled(): what is in the file by now ─┘
//
// All that has been handed over while one commit was under way goes into the next. When a commit
// fails, or does not end (commit_time_max), the queue is given up, and the same thread tries again,
// ever less often, to write everything that the replica then holds: nothing is wiped, and memory
// does not grow meanwhile. A queue that has become too long is written like that at once, and
// nobody is told of a failure.
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
#include "cnode/disk/limits.hpp"
#include "ei_codec/result.hpp"
#include "store/journal.hpp"

namespace groot::disk {

struct CommitterOptions {
  // Commit as soon as there is something, because somebody waits for it; else commit_delay later,
  // for many at once.
  bool at_once = false;
  // How often it is noted that the node is there, and looked who reads the file; see limits.hpp.
  std::int64_t alive_interval_ms = 60'000;
  bool alive_held = false;  // as by hold_alive, from the start
  std::chrono::milliseconds commit_time_max = disk::commit_time_max;
  // All three are called in the commit thread, without a lock that the owner could wait for, and
  // not after stop. Wall time.
  std::function<std::int64_t()> wall_ms;
  // All registers, for a new start after a failure; there is news in settled().
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

class Committer : public std::enable_shared_from_this<Committer> {
 public:
  // Whether what was handed over with it is in the file.
  class Receipt {
    friend class Committer;
    std::uint64_t end_ = 0;
    bool is_settled_ = false;
    std::shared_ptr<const Error> failure_;
  };

  // Starts the thread. The owner stops it before anything ends that the options call.
  [[nodiscard]] static std::shared_ptr<Committer> start(CommitterOptions options,
                                                        std::unique_ptr<Database> database);
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

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
  // Any thread. Blocks until what the receipt is for is settled, which takes little longer than
  // commit_time_max. Error: not_saved.
  Result<void> wait(Receipt& receipt);
  // Any thread. Why changes are not saved at present.
  [[nodiscard]] std::optional<std::string> failure() const;
  // Any thread. Something is being written, or about to be. Ask settled() now and then meanwhile:
  // it notices a disk that does not answer.
  [[nodiscard]] bool is_busy() const;
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
  // what comes later is not saved. A disk that does not answer is waited for as limits.hpp says:
  // then what is left is not saved, and the file is closed when the disk has answered.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  static std::int64_t to_ms(Clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  }
  Committer(CommitterOptions options, std::unique_ptr<Database> database);

  void enqueue(std::vector<store::JournalEntry> entries);
  void run();
  void run_turn(Lock& lock);
  // Calls `step`; what it throws is a failure like that of a disk.
  template <class Step>
  void attempt(Lock& lock, Step&& step);
  // Each gives the lock back for as long as it writes.
  void commit_queue(Lock& lock);
  void note_alive(Lock& lock);
  void start_over(Lock& lock);
  // When it is time.
  void look_at_readers(Lock& lock);
  // Calls `write` without the lock. Error also when it was given up meanwhile, which has been told.
  template <class Write>
  Result<void> write(Lock& lock, Write&& write);
  // When a write has been under way for too long.
  void give_up_when_stuck();
  // Instead of the queue, which has become too long, all registers are written.
  void drop_queue();
  void fail(const Error& why);
  void settle(std::uint64_t end, const std::shared_ptr<const Error>& failure);
  void tell(Lock& lock);
  // Calls `call` unless the owner is gone; whether it has.
  template <class Call>
  [[nodiscard]] bool call_owner(Call&& call);
  [[nodiscard]] std::int64_t wall_ms(Lock& lock);
  [[nodiscard]] Marks marks(std::int64_t now_ms) const;
  // What has changed of the peers, to be saved with the next transaction.
  [[nodiscard]] std::span<const store::KeptPeer> take_changed_peers();
  // What the disk did not take is to be saved another time.
  void take_back();
  // What was set aside among entries that are given up.
  void keep_aside(std::span<const store::JournalEntry> entries);

  CommitterOptions options_;
  std::unique_ptr<Database> database_;  // the commit thread's

  mutable std::mutex mutex_;
  std::condition_variable work_due_;
  std::condition_variable done_;
  bool writes_ = false;            // the disk has something to do
  Clock::time_point last_step_{};  // it began or ended
  // What the commit thread is writing, without the lock.
  std::vector<store::JournalEntry> written_;
  std::vector<store::KeptPeer> written_peers_;
  std::vector<store::JournalEntry> queue_;
  std::size_t queue_bytes_ = 0;             // of the keys and values in it
  bool queue_dropped_ = false;              // and is not gathered until all is written anew
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
  bool accepting_ = true;                 // else what is handed over is given up
  std::shared_ptr<const Error> failure_;  // of the last commit
  bool alive_held_ = false;
  bool stopping_ = false;
  bool ended_ = false;
  std::chrono::milliseconds retry_delay_{0};
  Clock::duration slowest_write_{0};
  Clock::time_point last_commit_;
  std::mutex stop_mutex_;   // held while stopping: the second caller waits as well
  std::mutex owner_mutex_;  // held while something of the owner's is called
  bool owner_gone_ = false;
  std::thread thread_;
};

}  // namespace groot::disk
