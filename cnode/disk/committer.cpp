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

std::int64_t to_ms(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

bool contains(const std::vector<SlowReader>& readers, const SlowReader& wanted) {
  return std::find(readers.begin(), readers.end(), wanted) != readers.end();
}

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
      handed_over_(database_->marks().number),
      settled_end_(handed_over_),
      clock_(database_->marks().clock),
      saved_clock_(clock_),
      last_look_(Clock::now()),
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

void Committer::keep_peers(std::vector<store::KeptPeer> peers) {
  const std::lock_guard lock(mutex_);
  for (store::KeptPeer& peer : peers) changed_peers_[peer.name] = std::move(peer);
}

std::vector<store::KeptPeer> Committer::take_changed_peers() {
  std::vector<store::KeptPeer> changed;
  for (auto& [name, peer] : std::exchange(changed_peers_, {})) changed.push_back(std::move(peer));
  return changed;
}

void Committer::give_back(std::vector<store::KeptPeer> peers) {
  for (store::KeptPeer& peer : peers) changed_peers_.try_emplace(peer.name, std::move(peer));
}

void Committer::keep_aside(std::span<const JournalEntry> entries) {
  std::ranges::copy_if(entries, std::back_inserter(aside_), [](const JournalEntry& entry) {
    return entry.what == JournalEntry::What::set_aside;
  });
}

void Committer::save_clock(const store::Timestamp& clock) {
  const std::lock_guard lock(mutex_);
  if (clock_ == clock) return;
  clock_ = clock;
  clock_due_ = true;
  work_.notify_one();
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
      look_at_readers(lock);
      continue;
    }
    work_.wait_until(lock, last_commit_ + alive_interval,
                     [this] { return stopping_ || clock_due_ || !queue_.empty(); });
    if (queue_.empty()) {
      note_alive(lock);
    } else {
      if (!options_.at_once) work_.wait_until(lock, queue_since_ + commit_delay, stops);
      commit_queue(lock);
    }
    look_at_readers(lock);
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
    std::vector<store::KeptPeer> peers;
    // The file is as old as what it lacks: a crash in between must not look like a short absence.
    Marks noted = now;
    noted.number = end + count;
    if (count < left.size()) {
      noted.alive_ms = database_->marks().alive_ms;
    } else {
      peers = take_changed_peers();
    }
    lock.unlock();
    saved = database_->save(left.first(count), noted, now_ms, peers);
    lock.lock();
    if (!saved) {
      keep_aside(left);
      give_back(std::move(peers));
      fail(saved.error());
      continue;
    }
    end += count;
    left = left.subspan(count);
    last_commit_ = Clock::now();
    saved_clock_ = now.clock;
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
  const bool clock_awaited = std::exchange(clock_due_, false);
  std::vector<store::KeptPeer> peers = take_changed_peers();
  lock.unlock();
  const auto saved = database_->save({}, now, now_ms, peers);
  lock.lock();
  last_commit_ = Clock::now();
  if (saved) {
    saved_clock_ = now.clock;
    if (clock_awaited) tell(lock);
    return;
  }
  give_back(std::move(peers));
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
  Marks now = marks(now_ms);
  now.number = end;
  std::vector<JournalEntry> aside = std::exchange(aside_, {});
  std::vector<store::KeptPeer> peers = take_changed_peers();
  lock.unlock();
  const auto saved = database_->replace(registers, now, now_ms, peers, aside);
  registers.clear();
  lock.lock();
  if (saved) {
    last_commit_ = Clock::now();
    saved_clock_ = now.clock;
    settle(end, {});
  } else {
    aside_.insert(aside_.end(), aside.begin(), aside.end());
    give_back(std::move(peers));
    fail(saved.error());
  }
  tell(lock);
}

void Committer::look_at_readers(Lock& lock) {
  const Clock::time_point now = Clock::now();
  if (now - last_look_ < std::chrono::milliseconds(options_.alive_interval_ms)) return;
  last_look_ = now;
  lock.unlock();
  const FileReaders::Look look = database_->look_at_readers(to_ms(now));
  lock.lock();
  reader_news_.dead += look.dead;
  for (const SlowReader& reader : look.slow) {
    if (!contains(slow_readers_, reader)) reader_news_.slow.push_back(reader.pid);
  }
  for (const SlowReader& reader : slow_readers_) {
    if (!contains(look.slow, reader)) reader_news_.over.push_back(reader.pid);
  }
  slow_readers_ = look.slow;
  if (reader_news_.empty()) return;
  has_reader_news_ = true;
  tell(lock);
}

void Committer::fail(const Error& why) {
  retry_delay_ = failure_ ? std::min(retry_delay_ * 2, retry_delay_max) : retry_delay_min;
  accepting_ = false;
  failure_ = Error{disk_errc::not_saved, why.text()};
  keep_aside(queue_);
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
  return {clock_, alive_held_ ? database_->marks().alive_ms : now_ms, settled_end_};
}

}  // namespace groot::disk
