#include "cnode/io/core.hpp"

#include <iterator>

#include "cnode/io/limits.hpp"

namespace groot::io {

namespace {

template <class Clock>
std::int64_t read_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::int64_t monotonic_ms() {
  return read_ms<std::chrono::steady_clock>();
}

store::Now read_clocks() {
  return {.monotonic_ms = monotonic_ms(), .wall_ms = read_ms<std::chrono::system_clock>()};
}

Core::Core(std::unique_ptr<store::Replica> replica, process::RouterOptions router_options)
    : replica_(std::move(replica)), router_(std::move(router_options), *replica_) {}

Core::Core(std::unique_ptr<store::Replica> replica, process::RouterOptions router_options,
           SavingOptions saving)
    : replica_(std::move(replica)),
      router_(router_options, *replica_),
      writes_wait_(router_options.saving == process::Saving::sync) {
  disk::CommitterOptions options;
  options.at_once = writes_wait_;
  options.alive_interval_ms = saving.alive_interval_ms;
  options.wall_ms = [] { return read_clocks().wall_ms; };
  options.registers = [this] {
    std::vector<store::RegisterPtr> all;
    const std::lock_guard lock(mutex_);
    replica_->for_each([&all](const store::RegisterPtr& reg) { all.push_back(reg); });
    return all;
  };
  options.news = [this] {
    std::function<void()> wake;
    {
      const std::lock_guard lock(mutex_);
      wake = wake_;
    }
    if (wake) wake();
  };
  committer_ = std::make_unique<disk::Committer>(std::move(options), std::move(saving.database));
  committer_->hold_alive(replica_->in_doubt());
  committer_->start();
}

std::optional<std::string> Core::save_failure() const {
  return committer_ ? committer_->failure() : std::nullopt;
}

void Core::stop_saving() {
  if (committer_) committer_->stop();
}

void Core::save_changes(const store::Now& now) {
  if (auto changes = replica_->take_journal(); !changes.empty()) {
    committer_->hand_over(std::move(changes), replica_->journal_end(), replica_->clock());
  }
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
  const std::int64_t wall_ms = read_clocks().wall_ms;
  replica_->for_each([&](const store::RegisterPtr& reg) {
    const bool expired = store::is_past_deadline(reg->expires_at_ms(), wall_ms);
    if (!reg->is_tombstone() && !expired) found.push_back(reg);
  });
  return found;
}

void Core::report_changes(bool wanted) {
  const std::lock_guard lock(mutex_);
  replica_->report_changes(wanted);
}

template <class Write>
Result<void> Core::write(Write&& write) {
  std::function<void()> wake;
  std::optional<disk::Committer::Receipt> receipt;
  {
    std::unique_lock lock(mutex_);
    // A listener writes from the network thread itself, which would wait for its own work. And a
    // pause has an end: a listener may be waiting for another writer.
    if (pending_.size() >= pending_effects_max && std::this_thread::get_id() != network_thread_) {
      drained_.wait_for(lock, pending_pause,
                        [this] { return pending_.size() < pending_effects_max || detached_; });
    }
    store::Effects effects;
    if (auto written = write(*replica_, read_clocks(), effects); !written) return written;
    if (committer_) {
      if (writes_wait_ && std::this_thread::get_id() != network_thread_) receipt.emplace();
      committer_->hand_over(replica_->take_journal(), replica_->journal_end(), replica_->clock(),
                            receipt ? &*receipt : nullptr);
    }
    if (!detached_ && !effects.empty()) {
      const bool was_empty = pending_.empty();
      pending_.insert(pending_.end(), std::make_move_iterator(effects.begin()),
                      std::make_move_iterator(effects.end()));
      if (was_empty) wake = wake_;
    }
  }
  if (wake) wake();
  if (receipt) return committer_->wait(*receipt);
  return {};
}

Result<void> Core::set(ByteView canonical_key, const store::ValueView& value,
                       std::optional<std::int64_t> expires_in_ms) {
  return write([&](store::Replica& replica, const store::Now& now, store::Effects& effects) {
    return replica.set(canonical_key, value, expires_in_ms, now, effects);
  });
}

Result<void> Core::erase(ByteView canonical_key) {
  return write([&](store::Replica& replica, const store::Now& now, store::Effects& effects) {
    return replica.erase(canonical_key, now, effects);
  });
}

void Core::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  network_thread_ = std::this_thread::get_id();
  wake_ = std::move(wake);
}

void Core::detach() {
  {
    const std::lock_guard lock(mutex_);
    detached_ = true;
    wake_ = nullptr;
    pending_.clear();
  }
  drained_.notify_all();
}

void Core::perform_pending(const store::Now& now) {
  if (pending_.empty()) return;
  router_.perform(std::exchange(pending_, {}), now);
  drained_.notify_all();
}

std::optional<std::int64_t> Core::next_wake_ms() const {
  const std::lock_guard lock(mutex_);
  return router_.next_wake_ms(read_clocks());
}

}  // namespace groot::io
