#include "cnode/io/core.hpp"

#include <iterator>

#include "cnode/io/limits.hpp"

namespace groot::io {

store::Now read_clocks() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto monotonic = std::chrono::steady_clock::now().time_since_epoch();
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {.monotonic_ms = duration_cast<milliseconds>(monotonic).count(),
          .wall_ms = duration_cast<milliseconds>(wall).count()};
}

Core::Core(const store::ReplicaOptions& replica_options, process::RouterOptions router_options)
    : replica_(replica_options), router_(std::move(router_options), replica_) {}

store::RegisterPtr Core::get(ByteView canonical_key) const {
  store::RegisterPtr reg = replica_.find(canonical_key);
  // Few have a deadline, and to read the clock costs as much as the look-up.
  if (!reg || !reg->expires_at_ms()) return reg;
  return replica_.get(canonical_key, read_clocks().wall_ms);
}

std::vector<store::RegisterPtr> Core::registers() const {
  std::vector<store::RegisterPtr> found;
  const std::lock_guard lock(mutex_);
  const std::int64_t wall_ms = read_clocks().wall_ms;
  replica_.for_each([&](const store::RegisterPtr& reg) {
    const bool expired = reg->expires_at_ms().has_value() && *reg->expires_at_ms() <= wall_ms;
    if (!reg->is_tombstone() && !expired) found.push_back(reg);
  });
  return found;
}

void Core::report_changes(bool wanted) {
  const std::lock_guard lock(mutex_);
  replica_.report_changes(wanted);
}

template <class Write>
Result<void> Core::write(Write&& write) {
  std::function<void()> wake;
  {
    std::unique_lock lock(mutex_);
    // A listener writes from the network thread itself, which would wait for its own work. And a
    // pause has an end: a listener may be waiting for another writer.
    if (pending_.size() >= pending_effects_max && std::this_thread::get_id() != network_thread_) {
      drained_.wait_for(lock, pending_pause,
                        [this] { return pending_.size() < pending_effects_max || detached_; });
    }
    store::Effects effects;
    if (auto written = write(replica_, read_clocks(), effects); !written) return written;
    if (detached_ || effects.empty()) return {};
    const bool was_empty = pending_.empty();
    pending_.insert(pending_.end(), std::make_move_iterator(effects.begin()),
                    std::make_move_iterator(effects.end()));
    if (was_empty) wake = wake_;
  }
  if (wake) wake();
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
