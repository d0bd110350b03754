// What repeats is told once in a while: of each key once in an interval, the times between counted.
//
// The table has a bound. When it is full, the key that was told longest ago gives way, and may be
// told again before its time. Pure, not thread-safe; monotonic milliseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace groot::store {

template <class Key>
class RepeatLimit {
 public:
  explicit RepeatLimit(std::size_t keys_max) : keys_max_(keys_max) {}

  // Whether to tell it now: how often it was left out since it was told last. None: it is left out.
  std::optional<std::uint64_t> tell(const Key& key, std::int64_t now_ms, std::int64_t interval_ms) {
    if (const auto known = by_key_.find(key); known != by_key_.end()) {
      Told& told = *known->second;
      if (now_ms - told.at_ms < interval_ms) {
        ++told.left_out;
        return std::nullopt;
      }
      told.at_ms = now_ms;
      by_time_.splice(by_time_.end(), by_time_, known->second);
      return std::exchange(told.left_out, 0);
    }
    if (by_key_.size() >= keys_max_) forgotten_ += forget_oldest();
    by_time_.push_back({key, now_ms, 0});
    by_key_.emplace(key, std::prev(by_time_.end()));
    return 0;
  }

  // Forgets what was told at `time_ms` or before.
  void forget_until(std::int64_t time_ms) {
    while (!by_time_.empty() && by_time_.front().at_ms <= time_ms) forgotten_ += forget_oldest();
  }
  // When the oldest was told. None: nothing is remembered.
  [[nodiscard]] std::optional<std::int64_t> oldest_ms() const {
    return by_time_.empty() ? std::nullopt : std::optional(by_time_.front().at_ms);
  }
  // How much was left out of what is forgotten, since the last call: no count will tell of it.
  std::uint64_t take_forgotten() { return std::exchange(forgotten_, 0); }
  [[nodiscard]] std::size_t size() const { return by_key_.size(); }

 private:
  struct Told {
    Key key;
    std::int64_t at_ms = 0;
    std::uint64_t left_out = 0;
  };

  // What it had left out.
  std::uint64_t forget_oldest() {
    const std::uint64_t left_out = by_time_.front().left_out;
    by_key_.erase(by_time_.front().key);
    by_time_.pop_front();
    return left_out;
  }

  std::size_t keys_max_;
  std::list<Told> by_time_;  // told longest ago first
  std::map<Key, typename std::list<Told>::iterator> by_key_;
  std::uint64_t forgotten_ = 0;
};

}  // namespace groot::store
