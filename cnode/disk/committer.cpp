#include "cnode/disk/committer.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "cnode/disk/disk_error.hpp"
#include "cnode/disk/limits.hpp"

namespace groot::disk {
namespace {

using store::JournalEntry;

std::size_t batch_size(std::span<const JournalEntry> entries) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < entries.size() && count < batch_entries_max && bytes < batch_bytes_max) {
    const auto& reg = entries[count].reg;
    if (reg) bytes += reg->key().size() + reg->value().size();
    ++count;
  }
  return count;
}

}  // namespace

Committer::Committer(CommitterOptions options, std::unique_ptr<Database> database)
    : options_(std::move(options)),
      database_(std::move(database)),
      clock_(database_->marks().clock),
      last_commit_(Clock::now()) {}

Committer::~Committer() {
  stop();
}

void Committer::start() {
  thread_ = std::thread([this] { run(); });
}

void Committer::hand_over(std::vector<JournalEntry> entries, std::uint64_t end,
                          const store::Timestamp& clock, Receipt* receipt) {
  const std::lock_guard lock(mutex_);
  handed_over_ = end;
  clock_ = clock;
  if (receipt != nullptr) {
    receipt->end_ = end;
    receipts_.push_back(receipt);
  }
  if (!accepting_) return settle(end, *failure_);
  if (entries.empty() && end <= settled_end_) return settle(end, {});
  if (queue_.empty()) {
    queue_since_ = Clock::now();
    queue_ = std::move(entries);
    work_.notify_one();
  } else {
    queue_.insert(queue_.end(), std::make_move_iterator(entries.begin()),
                  std::make_move_iterator(entries.end()));
  }
}

void Committer::hold_alive(bool held) {
  const std::lock_guard lock(mutex_);
  alive_held_ = held;
}

Result<void> Committer::wait(Receipt& receipt) {
  Lock lock(mutex_);
  done_.wait(lock, [&receipt] { return receipt.result_.has_value(); });
  return *receipt.result_;
}

std::optional<std::string> Committer::failure() const {
  const std::lock_guard lock(mutex_);
  if (!failure_) return std::nullopt;
  return failure_->detail;
}

std::vector<Settled> Committer::settled() {
  const std::lock_guard lock(mutex_);
  return std::exchange(settled_, {});
}

void Committer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    work_.notify_one();
  }
  const std::lock_guard stopping(stop_mutex_);
  if (thread_.joinable()) thread_.join();
  database_.reset();
}

// ---- the commit thread ----

void Committer::run() {
  const auto stops = [this] { return stopping_; };
  const std::chrono::milliseconds alive_interval(options_.alive_interval_ms);
  Lock lock(mutex_);
  while (!stopping_) {
    if (!accepting_) {
      work_.wait_for(lock, retry_delay_, stops);
      start_over(lock);
      continue;
    }
    work_.wait_until(lock, last_commit_ + alive_interval,
                     [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) {
      note_alive(lock);
      continue;
    }
    if (!options_.at_once) work_.wait_until(lock, queue_since_ + commit_delay, stops);
    commit_queue(lock);
  }
  if (!accepting_) start_over(lock);
  if (!queue_.empty()) commit_queue(lock);
  if (accepting_) note_alive(lock);
  if (accepting_) fail({disk_errc::unusable, "the node has stopped"});
}

void Committer::commit_queue(Lock& lock) {
  std::vector<JournalEntry> entries = std::exchange(queue_, {});
  std::uint64_t end = handed_over_ - entries.size();
  const std::int64_t now_ms = options_.wall_ms();
  const Marks now = marks(now_ms);
  std::span<const JournalEntry> left(entries);
  Result<void> saved;
  while (saved && !left.empty()) {
    const std::size_t count = batch_size(left);
    lock.unlock();
    // The file is as old as what it lacks: a crash in between must not look like a short absence.
    Marks noted = now;
    if (count < left.size()) noted.alive_ms = database_->marks().alive_ms;
    saved = database_->save(left.first(count), noted, now_ms);
    lock.lock();
    if (!saved) {
      fail(saved.error());
      continue;
    }
    end += count;
    left = left.subspan(count);
    last_commit_ = Clock::now();
    settle(end, {});
    if (options_.at_once) tell(lock);
  }
  if (!saved) tell(lock);
  // Many registers may end with them: nobody is to wait for that.
  lock.unlock();
  entries.clear();
  lock.lock();
}

void Committer::note_alive(Lock& lock) {
  const std::int64_t now_ms = options_.wall_ms();
  const Marks now = marks(now_ms);
  lock.unlock();
  const auto saved = database_->save({}, now, now_ms);
  lock.lock();
  last_commit_ = Clock::now();
  if (saved) return;
  fail(saved.error());
  tell(lock);
}

void Committer::start_over(Lock& lock) {
  // From here on changes are queued again. Those that the registers below hold already are written
  // once more after them.
  accepting_ = true;
  const std::uint64_t end = handed_over_;
  lock.unlock();
  auto registers = options_.registers();
  lock.lock();
  const std::int64_t now_ms = options_.wall_ms();
  const Marks now = marks(now_ms);
  lock.unlock();
  const auto saved = database_->replace(registers, now, now_ms);
  registers.clear();
  lock.lock();
  if (saved) {
    last_commit_ = Clock::now();
    settle(end, {});
  } else {
    fail(saved.error());
  }
  tell(lock);
}

void Committer::fail(const Error& why) {
  retry_delay_ = failure_ ? std::min(retry_delay_ * 2, retry_delay_max) : retry_delay_min;
  accepting_ = false;
  failure_ = Error{disk_errc::not_saved, why.text()};
  queue_.clear();
  settle(handed_over_, *failure_);
}

void Committer::settle(std::uint64_t end, const Result<void>& result) {
  settled_end_ = end;
  std::erase_if(receipts_, [&](Receipt* receipt) {
    if (receipt->end_ > end) return false;
    receipt->result_ = result;
    return true;
  });
  done_.notify_all();
  // Where nobody waits for commits, those that follow another are no news.
  if (result && !options_.at_once && !failure_) return;
  if (result) failure_.reset();
  if (!settled_.empty() && settled_.back().result.has_value() == result.has_value()) {
    settled_.back().end = end;
  } else {
    settled_.push_back({end, result});
  }
}

void Committer::tell(Lock& lock) {
  lock.unlock();
  options_.news();
  lock.lock();
}

Marks Committer::marks(std::int64_t now_ms) const {
  return {clock_, alive_held_ ? database_->marks().alive_ms : now_ms};
}

}  // namespace groot::disk
