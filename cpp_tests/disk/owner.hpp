// Who has a replica and a committer, as cnode/io/core does: one lock over the replica, changes
// handed over under it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "cnode/disk/committer.hpp"
#include "cpp_tests/disk/support.hpp"

namespace groot::disk::testing {

class Owner {
 public:
  static constexpr bool at_once = true;
  static constexpr bool in_background = false;

  Owner(std::unique_ptr<Database> database, bool commits_at_once, std::int64_t alive_ms = 60'000,
        std::chrono::milliseconds commit_time = commit_time_max)
      : committer(Committer::start(options(commits_at_once, alive_ms, commit_time),
                                   std::move(database))) {}
  ~Owner() { committer->stop(); }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;

  // A change of the replica that the committer has not heard of yet.
  void change(std::string_view key, ei_codec::ByteView value) {
    const std::lock_guard lock(mutex_);
    const auto done = kept_.replica.set(term(key), value, std::nullopt, kept_.now, kept_.effects);
    if (!done) std::abort();
  }
  void change(std::string_view key, std::string_view value) { change(key, term(value)); }
  void hand_over(Committer::Receipt* receipt = nullptr) {
    const std::lock_guard lock(mutex_);
    committer->hand_over(kept_.replica.take_journal(), kept_.replica.journal_end(),
                         kept_.replica.clock(), receipt);
  }
  Result<void> hand_over_and_wait() {
    Committer::Receipt receipt;
    hand_over(&receipt);
    return committer->wait(receipt);
  }
  // Of entries that the replica knows nothing of.
  Result<void> hand_over_and_wait(std::vector<store::JournalEntry> entries) {
    Committer::Receipt receipt;
    {
      const std::lock_guard lock(mutex_);
      committer->hand_over(std::move(entries), kept_.replica.journal_end() + 1,
                           kept_.replica.clock(), &receipt);
    }
    return committer->wait(receipt);
  }
  void set(std::string_view key, std::string_view value) {
    change(key, value);
    hand_over();
  }
  Result<void> set_and_wait(std::string_view key, std::string_view value) {
    change(key, value);
    return hand_over_and_wait();
  }

  // All that has been handed over by now is in the file.
  void await_saved() { REQUIRE(hand_over_and_wait()); }
  // The latest news is that it works, or that it does not.
  void await_news(bool works) {
    await([this, works] { return !heard_.empty() && heard_.back().result.has_value() == works; });
  }
  // It has failed, and works again since.
  void await_recovery() {
    await([this] {
      const auto fails = [](const Settled& one) { return !one.result.has_value(); };
      return std::ranges::any_of(heard_, fails) && !fails(heard_.back());
    });
  }
  // All that was told so far.
  [[nodiscard]] std::vector<Settled> heard() {
    const std::lock_guard lock(wake_mutex_);
    return heard_;
  }
  // The clock has been looked at, which is done for each commit.
  void await_noted() { await_looks(looks() + 2); }
  // How often the clock has been looked at; and until it was so often.
  [[nodiscard]] int looks() const { return looks_; }
  void await_looks(int count) {
    await([this, count] { return looks_ >= count; });
  }
  // Saves the rest and closes the file.
  void close() { committer->stop(); }

  [[nodiscard]] Contents contents() const { return store::testing::contents(kept_.replica); }

  std::atomic<int> news{0};
  std::atomic<std::int64_t> wall_ms{wall_start_ms};
  // So many times more something that the commit thread does throws.
  std::atomic<int> exceptions_left{0};

 private:
  CommitterOptions options(bool commits_at_once, std::int64_t alive_ms,
                           std::chrono::milliseconds commit_time) {
    CommitterOptions options;
    options.commit_time_max = commit_time;
    options.at_once = commits_at_once;
    options.alive_interval_ms = alive_ms;
    options.wall_ms = [this] {
      if (exceptions_left.fetch_sub(1) > 0) throw std::bad_alloc();
      const std::lock_guard lock(wake_mutex_);
      ++looks_;
      wake_.notify_all();
      return wall_ms.load();
    };
    options.registers = [this] {
      if (exceptions_left.fetch_sub(1) > 0) throw std::bad_alloc();
      const std::lock_guard lock(mutex_);
      return store::testing::registers(kept_.replica);
    };
    options.news = [this] {
      ++news;
      const auto settled = committer->settled();
      const std::lock_guard lock(wake_mutex_);
      heard_.insert(heard_.end(), settled.begin(), settled.end());
      wake_.notify_all();
    };
    return options;
  }
  template <class Condition>
  void await(Condition&& holds) {
    std::unique_lock lock(wake_mutex_);
    REQUIRE(wake_.wait_for(lock, std::chrono::seconds(20), holds));
  }

  std::mutex mutex_;
  Kept kept_;
  std::mutex wake_mutex_;
  std::condition_variable wake_;
  std::vector<Settled> heard_;
  std::atomic<int> looks_{0};

 public:
  const std::shared_ptr<Committer> committer;  // last: its thread uses the rest
};

}  // namespace groot::disk::testing
