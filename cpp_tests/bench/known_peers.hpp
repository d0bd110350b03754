// Waits until a node knows of its peers what they are, as its log says: from then on it sends them
// what is written. Counts the links that it lost.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "cnode/node.hpp"

namespace groot::bench {

class KnownPeers {
 public:
  // For NodeOptions::log; this object must outlive the node.
  [[nodiscard]] std::function<void(LogLevel, const std::string&)> listener() {
    return [this](LogLevel, const std::string& text) {
      const std::lock_guard lock(mutex_);
      known_ += text.ends_with("is a node of this kind") || has(text, " runs Groot ");
      lost_ += text.starts_with("lost ");
      changed_.notify_all();
    };
  }
  // Whether so many are known in time.
  [[nodiscard]] bool wait_for(std::size_t count, std::chrono::seconds longest) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, longest, [&] { return known_ >= count; });
  }
  [[nodiscard]] std::size_t lost() const {
    const std::lock_guard lock(mutex_);
    return lost_;
  }

 private:
  static bool has(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t known_ = 0;
  std::size_t lost_ = 0;
};

}  // namespace groot::bench
