#include "cnode/disk/committer.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "cnode/disk/disk_error.hpp"
#include "cnode/disk/limits.hpp"

namespace groot::disk {
namespace {

using store::JournalEntry;

Result<void> result_of(const std::shared_ptr<const Error>& failure) {
  return failure ? Result<void>(*failure) : Result<void>();
}

}  // namespace

Committer::Committer(CommitterOptions options, std::unique_ptr<Database> database)
    : options_(std::move(options)),
      database_(std::move(database)),
      handed_over_(database_->marks().number),
      settled_end_(handed_over_),
      clock_(database_->marks().clock),
      saved_clock_(clock_),
      last_look_(Clock::now()),
      alive_held_(options_.alive_held),
      last_commit_(Clock::now()) {}

std::shared_ptr<Committer> Committer::start(CommitterOptions options,
                                            std::unique_ptr<Database> database) {
  const std::shared_ptr<Committer> started(new Committer(std::move(options), std::move(database)));
  // A thread that a disk holds up for ever outlives its owner.
  started->thread_ = std::thread([started] { started->run(); });
  return started;
}

void Committer::hand_over(std::vector<JournalEntry> entries, std::uint64_t end,
                          const store::Timestamp& clock, Receipt* receipt) {
  const std::lock_guard lock(mutex_);
  give_up_when_stuck();
  const bool is_new = !entries.empty() || end > settled_end_;
  handed_over_ = end;
  clock_ = clock;
  try {
    if (is_new) enqueue(std::move(entries));
    if (receipt != nullptr) {
      receipt->end_ = end;
      receipts_.push_back(receipt);
    }
  } catch (...) {
    // What has no place in the queue is among the registers.
    queue_dropped_ = true;
    work_due_.notify_one();
    throw;
  }
  if (!is_new || !accepting_) settle(end, failure_);
}

void Committer::enqueue(std::vector<JournalEntry> entries) {
  if (!accepting_ || queue_dropped_) return keep_aside(entries);
  for (const JournalEntry& entry : entries) queue_bytes_ += entry.bytes();
  if (queue_.empty()) {
    queue_since_ = Clock::now();
    queue_ = std::move(entries);
    work_due_.notify_one();
  } else {
    queue_.insert(queue_.end(), std::make_move_iterator(entries.begin()),
                  std::make_move_iterator(entries.end()));
  }
  if (queue_.size() > queue_entries_max || queue_bytes_ > queue_bytes_max) drop_queue();
}

void Committer::keep_peers(std::vector<store::KeptPeer> peers) {
  const std::lock_guard lock(mutex_);
  for (store::KeptPeer& peer : peers) changed_peers_[peer.name] = std::move(peer);
}

void Committer::keep_aside(std::span<const JournalEntry> entries) {
  std::ranges::copy_if(entries, std::back_inserter(aside_), [](const JournalEntry& entry) {
    return entry.what == JournalEntry::What::set_aside;
  });
}

void Committer::drop_queue() {
  queue_dropped_ = true;
  keep_aside(queue_);
  queue_.clear();
  queue_bytes_ = 0;
}

void Committer::give_up_when_stuck() {
  if (!accepting_ || !writes_ || Clock::now() - last_step_ < options_.commit_time_max) return;
  fail({disk_errc::unusable, "the disk, or who holds the file's lock, has not answered for " +
                                 std::to_string(options_.commit_time_max.count()) + " ms"});
}

void Committer::fail(const Error& why) {
  retry_delay_ = failure_ ? std::min(retry_delay_ * 2, retry_delay_max) : retry_delay_min;
  failure_ = std::make_shared<const Error>(Error{disk_errc::not_saved, why.text()});
  accepting_ = false;
  drop_queue();
  settle(handed_over_, failure_);
}

void Committer::settle(std::uint64_t end, const std::shared_ptr<const Error>& failure) {
  settled_end_ = end;
  // First those who wait for it, and without memory of its own: their receipts end with them.
  std::erase_if(receipts_, [&](Receipt* receipt) {
    if (receipt->end_ > end) return false;
    receipt->is_settled_ = true;
    receipt->failure_ = failure;
    return true;
  });
  done_.notify_all();
  // Where nobody waits for commits, those that follow another are no news.
  if (!failure && !options_.at_once && !failure_) return;
  if (!failure) failure_.reset();
  if (!settled_.empty() && settled_.back().result.has_value() == !failure) {
    settled_.back().end = end;
  } else {
    settled_.push_back({end, result_of(failure)});
  }
}

void Committer::save_clock(const store::Timestamp& clock) {
  const std::lock_guard lock(mutex_);
  if (clock_ == clock) return;
  clock_ = clock;
  clock_due_ = true;
  work_due_.notify_one();
}

store::Timestamp Committer::saved_clock() const {
  const std::lock_guard lock(mutex_);
  return saved_clock_;
}

void Committer::hold_alive(bool held) {
  const std::lock_guard lock(mutex_);
  alive_held_ = held;
}

Result<void> Committer::wait(Receipt& receipt) {
  const auto is_settled = [&receipt] { return receipt.is_settled_; };
  Lock lock(mutex_);
  while (!done_.wait_for(lock, options_.commit_time_max / 10, is_settled)) give_up_when_stuck();
  return result_of(receipt.failure_);
}

std::optional<std::string> Committer::failure() const {
  const std::lock_guard lock(mutex_);
  if (!failure_) return std::nullopt;
  return failure_->detail;
}

bool Committer::is_busy() const {
  const std::lock_guard lock(mutex_);
  return accepting_ && (writes_ || !queue_.empty());
}

std::vector<Settled> Committer::settled() {
  const std::lock_guard lock(mutex_);
  give_up_when_stuck();
  return std::exchange(settled_, {});
}

ReaderNews Committer::reader_news() {
  if (!has_reader_news_.exchange(false, std::memory_order_relaxed)) return {};
  const std::lock_guard lock(mutex_);
  return std::exchange(reader_news_, {});
}

std::vector<Committer::LongReader> Committer::slow_readers() const {
  const std::lock_guard lock(mutex_);
  std::vector<LongReader> readers;
  for (const SlowReader& reader : slow_readers_) {
    readers.push_back({reader.pid, to_ms(Clock::now()) - reader.since_ms});
  }
  return readers;
}

void Committer::stop() {
  const std::lock_guard stopping(stop_mutex_);
  if (!thread_.joinable()) return;
  {
    Lock lock(mutex_);
    stopping_ = true;
    work_due_.notify_one();
    const Clock::duration patience = std::clamp<Clock::duration>(
        2 * slowest_write_, last_commit_time_min, options_.commit_time_max);
    const Clock::time_point asked = Clock::now();
    while (!ended_ && Clock::now() < std::max(asked, last_step_) + patience) {
      done_.wait_until(lock, std::max(asked, last_step_) + patience);
    }
    if (ended_) {
      lock.unlock();
      thread_.join();
      return;
    }
    fail({disk_errc::unusable, "the disk did not answer until the node's end"});
  }
  thread_.detach();
  // What it is in the middle of ends first.
  const std::lock_guard owner(owner_mutex_);
  owner_gone_ = true;
}

}  // namespace groot::disk
