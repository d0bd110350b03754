// The thread of the committer.
#include <algorithm>
#include <utility>

#include "cnode/disk/committer.hpp"
#include "cnode/disk/disk_error.hpp"
#include "cnode/disk/limits.hpp"
#include "ei_codec/caught.hpp"

namespace groot::disk {
namespace {

using store::JournalEntry;

bool contains(const std::vector<SlowReader>& readers, const SlowReader& wanted) {
  return std::find(readers.begin(), readers.end(), wanted) != readers.end();
}

std::size_t batch_size(std::span<const JournalEntry> entries) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < entries.size() && count < batch_entries_max && bytes < batch_bytes_max) {
    bytes += entries[count].bytes();
    ++count;
  }
  return count;
}

}  // namespace

template <class Call>
bool Committer::call_owner(Call&& call) {
  const std::lock_guard owner(owner_mutex_);
  if (!owner_gone_) call();
  return !owner_gone_;
}

std::int64_t Committer::wall_ms(Lock& lock) {
  std::int64_t now_ms = database_->marks().alive_ms;
  lock.unlock();
  (void)call_owner([&] { now_ms = options_.wall_ms(); });
  lock.lock();
  return now_ms;
}

void Committer::tell(Lock& lock) {
  lock.unlock();
  (void)call_owner(options_.news);
  lock.lock();
}

template <class Step>
void Committer::attempt(Lock& lock, Step&& step) {
  try {
    step();
  } catch (...) {
    if (!lock.owns_lock()) lock.lock();
    writes_ = false;
    accepting_ = false;
    try {
      const Error why = caught_error();
      take_back();
      fail(why);
      return tell(lock);
    } catch (...) {
      // Without memory for so little nobody can be told; those who wait are, at the next try.
      if (!lock.owns_lock()) lock.lock();
    }
  }
}

void Committer::run() {
  Lock lock(mutex_);
  while (!stopping_) {
    attempt(lock, [&] { run_turn(lock); });
  }
  attempt(lock, [&] {
    if (!accepting_ || queue_dropped_) start_over(lock);
    if (!queue_.empty()) commit_queue(lock);
    if (accepting_) note_alive(lock);
    if (accepting_) fail({disk_errc::unusable, "the node has stopped"});
  });
  lock.unlock();
  database_.reset();
  lock.lock();
  ended_ = true;
  done_.notify_all();
}

void Committer::run_turn(Lock& lock) {
  const auto stops = [this] { return stopping_; };
  if (!accepting_) {
    work_due_.wait_for(lock, retry_delay_, stops);
    start_over(lock);
  } else if (queue_dropped_) {
    start_over(lock);
  } else {
    work_due_.wait_until(
        lock, last_commit_ + std::chrono::milliseconds(options_.alive_interval_ms),
        [this] { return stopping_ || clock_due_ || queue_dropped_ || !queue_.empty(); });
    if (queue_.empty()) {
      note_alive(lock);
    } else {
      if (!options_.at_once) work_due_.wait_until(lock, queue_since_ + commit_delay, stops);
      commit_queue(lock);
    }
  }
  look_at_readers(lock);
}

template <class Write>
Result<void> Committer::write(Lock& lock, Write&& write) {
  const Clock::time_point since = Clock::now();
  last_step_ = since;
  writes_ = true;
  lock.unlock();
  const Result<void> saved = write();
  lock.lock();
  last_step_ = Clock::now();
  writes_ = false;
  if (saved && accepting_) {
    slowest_write_ = std::max(slowest_write_, last_step_ - since);
    last_commit_ = last_step_;
    written_peers_.clear();
    return saved;
  }
  take_back();
  if (!accepting_) return {*failure_};
  fail(saved.error());
  tell(lock);
  return saved;
}

std::span<const store::KeptPeer> Committer::take_changed_peers() {
  for (auto& [name, peer] : std::exchange(changed_peers_, {})) {
    written_peers_.push_back(std::move(peer));
  }
  return written_peers_;
}

void Committer::take_back() {
  keep_aside(written_);
  written_.clear();
  for (store::KeptPeer& peer : std::exchange(written_peers_, {})) {
    changed_peers_.try_emplace(peer.name, std::move(peer));
  }
}

void Committer::commit_queue(Lock& lock) {
  const std::int64_t now_ms = wall_ms(lock);
  written_ = std::exchange(queue_, {});
  queue_bytes_ = 0;
  std::uint64_t end = handed_over_ - written_.size();
  const Marks now = marks(now_ms);
  std::span<const JournalEntry> left(written_);
  while (!left.empty()) {
    const std::size_t count = batch_size(left);
    std::span<const store::KeptPeer> peers;
    // The file is as old as what it lacks: a crash in between must not look like a short absence.
    Marks noted = now;
    noted.number = end + count;
    if (count < left.size() || queue_dropped_) {
      noted.alive_ms = database_->marks().alive_ms;
    } else {
      peers = take_changed_peers();
    }
    const auto saved =
        write(lock, [&] { return database_->save(left.first(count), noted, now_ms, peers); });
    if (!saved) return;
    end += count;
    left = left.subspan(count);
    saved_clock_ = now.clock;
    settle(end, nullptr);
    if (options_.at_once) tell(lock);
  }
  // Many registers may end with them: nobody is to wait for that.
  std::vector<JournalEntry> done = std::exchange(written_, {});
  lock.unlock();
  done.clear();
  lock.lock();
}

void Committer::note_alive(Lock& lock) {
  const std::int64_t now_ms = wall_ms(lock);
  const Marks now = marks(now_ms);
  const bool clock_awaited = std::exchange(clock_due_, false);
  const auto peers = take_changed_peers();
  if (!write(lock, [&] { return database_->save({}, now, now_ms, peers); })) return;
  saved_clock_ = now.clock;
  if (clock_awaited) tell(lock);
}

void Committer::start_over(Lock& lock) {
  // From here on changes are queued again. Those that the registers below hold already are written
  // once more after them.
  accepting_ = true;
  // What still stands in the queue is older than the registers, and must not be written after them.
  drop_queue();
  queue_dropped_ = false;
  const std::uint64_t end = handed_over_;
  std::vector<store::RegisterPtr> registers;
  lock.unlock();
  const bool is_wanted = call_owner([&] { registers = options_.registers(); });
  lock.lock();
  if (!is_wanted) return fail({disk_errc::unusable, "the node has stopped"});
  const std::int64_t now_ms = wall_ms(lock);
  Marks now = marks(now_ms);
  now.number = end;
  written_ = std::exchange(aside_, {});
  const auto peers = take_changed_peers();
  const auto saved = write(lock, [&] {
    const auto replaced = database_->replace(registers, now, now_ms, peers, written_);
    registers.clear();
    return replaced;
  });
  if (!saved) return;
  written_.clear();
  saved_clock_ = now.clock;
  settle(end, nullptr);
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

Marks Committer::marks(std::int64_t now_ms) const {
  return {clock_, alive_held_ ? database_->marks().alive_ms : now_ms, settled_end_};
}

}  // namespace groot::disk
