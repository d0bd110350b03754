#include "cnode/io/core.hpp"

#include <algorithm>
#include <ctime>
#include <iterator>

#include "cnode/dist/earliest.hpp"
#include "cnode/io/io_error.hpp"
#include "cnode/io/limits.hpp"
#include "ei_codec/caught.hpp"

namespace groot::io {

namespace {

std::int64_t read_ms(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000 + now.tv_nsec / 1'000'000;
}

}  // namespace

std::int64_t monotonic_ms() {
  return read_ms(CLOCK_BOOTTIME);
}

store::Now read_clocks() {
  return {.monotonic_ms = monotonic_ms(), .wall_ms = read_ms(CLOCK_REALTIME)};
}

Core::Core(std::unique_ptr<store::Replica> replica, process::RouterOptions router_options)
    : replica_(std::move(replica)), router_(std::move(router_options), *replica_) {
  (void)replica_->believe(read_clocks());  // from here on readers know the time
}

Core::Core(std::unique_ptr<store::Replica> replica, process::RouterOptions router_options,
           SavingOptions saving)
    : replica_(std::move(replica)),
      router_(with_readers(router_options), *replica_),
      writes_wait_(router_options.saving == process::Saving::sync) {
  (void)replica_->believe(read_clocks());
  disk::CommitterOptions options;
  options.at_once = writes_wait_;
  options.alive_interval_ms = saving.alive_interval_ms;
  options.alive_held = replica_->in_doubt();
  options.wall_ms = [this] { return replica_->wall_time().wall_ms(monotonic_ms()); };
  options.registers = [this] { return copy_registers(); };
  options.news = [this] {
    std::function<void()> wake;
    {
      const std::lock_guard lock(mutex_);
      wake = wake_;
    }
    if (wake) wake();
  };
  committer_ = disk::Committer::start(std::move(options), std::move(saving.database));
}

Core::~Core() {
  stop_saving();
}

std::vector<store::RegisterPtr> Core::copy_registers() const {
  std::vector<store::RegisterPtr> all;
  store::Slot next = 0;
  for (store::Slot end = 1; next < end;) {
    if (all.capacity() - all.size() < copied_at_once_max) {
      all.reserve(std::max(2 * all.size(), all.size() + copied_at_once_max));
    }
    const std::lock_guard lock(mutex_);
    const store::RegisterMap& registers = replica_->registers();
    end = registers.slot_end();
    for (const store::Slot some = std::min<store::Slot>(end, next + copied_at_once_max);
         next < some; ++next) {
      if (const store::Register* const reg = registers.at(next)) all.emplace_back(reg);
    }
  }
  return all;
}

process::RouterOptions Core::with_readers(process::RouterOptions options) {
  options.file_readers = [this] {
    std::vector<process::FileReader> readers;
    if (!committer_) return readers;
    for (const auto& slow : committer_->slow_readers()) readers.push_back({slow.pid, slow.for_ms});
    return readers;
  };
  return options;
}

void Core::report_readers(std::vector<process::Action>& actions) {
  using Level = process::LogLine::Level;
  const disk::ReaderNews news = committer_->reader_news();
  const auto log = [&actions](Level level, const std::string& text) {
    actions.emplace_back(process::LogLine{level, text});
  };
  if (news.dead > 0) {
    const std::string who = std::to_string(news.dead) + (news.dead == 1 ? " reader" : " readers");
    log(Level::info, who + " of the data file died; room in it is used again");
  }
  for (const std::int64_t pid : news.slow) {
    log(Level::warning,
        "process " + std::to_string(pid) +
            " has been reading the data file for long: no room in it is used again, "
            "and it grows, until that ends");
  }
  for (const std::int64_t pid : news.over) {
    log(Level::info, "process " + std::to_string(pid) + " no longer reads the data file");
  }
}

std::optional<std::string> Core::save_failure() const {
  return committer_ ? committer_->failure() : std::nullopt;
}

void Core::leave() {
  {
    const std::lock_guard lock(mutex_);
    left_ = true;
  }
  drained_.notify_all();
}

void Core::stop_saving() {
  if (committer_) committer_->stop();
}

void Core::save_changes(const store::Now& now) {
  if (auto changes = replica_->take_journal(); !changes.empty()) {
    committer_->hand_over(std::move(changes), replica_->journal_end(), replica_->clock());
  }
  // After the changes: what a peer holds up to is among them.
  if (auto peers = router_.take_kept_peers(); !peers.empty()) {
    committer_->keep_peers(std::move(peers));
  }
  replica_->clock_saved(committer_->saved_clock());
  if (replica_->clock_awaits_saving()) committer_->save_clock(replica_->clock());
  // After what the end of the doubt has changed, or that would be forgotten by a crash in between.
  committer_->hold_alive(replica_->in_doubt());
  for (const disk::Settled& settled : committer_->settled()) {
    std::optional<std::string> failure;
    if (!settled.result) failure = settled.result.error().detail;
    router_.settled(settled.end, failure, now);
  }
}

std::vector<store::RegisterPtr> Core::registers() const {
  std::vector<store::RegisterPtr> found;
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ms = deadline_ms();
  replica_->for_each([&](const store::RegisterPtr& reg) {
    const bool expired = store::is_past_deadline(reg->expires_at_ms(), now_ms);
    if (!reg->is_tombstone() && !expired) found.push_back(reg);
  });
  return found;
}

std::size_t Core::doubtful() const {
  const std::lock_guard lock(mutex_);
  return replica_->doubtful();
}

void Core::report_changes(bool wanted) {
  const std::lock_guard lock(mutex_);
  replica_->report_changes(wanted);
}

bool Core::is_ahead(std::size_t times) const {
  return pending_.size() >= times * pending_effects_max ||
         pending_bytes_ >= times * pending_bytes_max;
}

template <class Write>
Result<void> Core::write(std::size_t bytes, Write&& write) {
  std::function<void()> wake;
  std::optional<disk::Committer::Receipt> receipt;
  std::optional<Error> failure;
  {
    std::unique_lock lock(mutex_);
    // A listener writes from the network thread itself, which would wait for its own work. And a
    // pause has an end: a listener may be waiting for another writer.
    const bool may_wait = std::this_thread::get_id() != network_thread_;
    if (may_wait && is_ahead()) {
      drained_.wait_for(lock, pending_pause, [this] { return !is_ahead() || left_; });
    }
    if (left_ || is_broken()) return {io_errc::left_cluster};
    if (may_wait && is_ahead(2)) return {io_errc::overloaded};
    const bool was_empty = pending_.empty();
    try {
      store::Effects effects;
      const store::Now now = replica_->believe(read_clocks());
      if (auto written = write(*replica_, now, effects); !written) return written;
      pending_bytes_ += bytes;
      if (committer_) {
        if (writes_wait_ && may_wait) receipt.emplace();
        committer_->hand_over(replica_->take_journal(), replica_->journal_end(), replica_->clock(),
                              receipt ? &*receipt : nullptr);
      }
      pending_.insert(pending_.end(), std::make_move_iterator(effects.begin()),
                      std::make_move_iterator(effects.end()));
    } catch (...) {
      failure = caught_error();
      note_exception();
    }
    // The network thread finds out, too, that nothing works any more.
    if ((was_empty && !pending_.empty()) || is_broken()) wake = wake_;
  }
  if (wake) wake();
  if (failure) return *failure;
  if (receipt) return committer_->wait(*receipt);
  return {};
}

Result<void> Core::set(ByteView canonical_key, const store::ValueView& value,
                       std::optional<std::int64_t> expires_in_ms) {
  const std::size_t bytes = canonical_key.size() + value.bytes.size();
  return write(bytes, [&](store::Replica& replica, const store::Now& now, store::Effects& effects) {
    return replica.set(canonical_key, value, expires_in_ms, now, effects);
  });
}

Result<void> Core::erase(ByteView canonical_key) {
  return write(canonical_key.size(),
               [&](store::Replica& replica, const store::Now& now, store::Effects& effects) {
                 return replica.erase(canonical_key, now, effects);
               });
}

void Core::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  network_thread_ = std::this_thread::get_id();
  wake_ = std::move(wake);
}

void Core::detach() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
}

void Core::perform_pending(const store::Now& now) {
  if (pending_.empty()) return;
  // Whatever becomes of it, there is room again.
  drained_.notify_all();
  pending_bytes_ = 0;
  router_.perform(std::exchange(pending_, {}), now);
}

std::optional<std::int64_t> Core::next_wake_ms() const {
  const std::lock_guard lock(mutex_);
  const store::Now now = replica_->believe(read_clocks());
  dist::Earliest earliest;
  earliest.add(router_.next_wake_ms(now));
  if (committer_ && committer_->is_busy()) earliest.add(now.monotonic_ms + busy_disk_interval_ms);
  return earliest.ms();
}

}  // namespace groot::io
