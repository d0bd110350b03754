// A node for a test, and what it has said and changed.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "cnode/node.hpp"

namespace groot {

// What a node has said and changed, for a test to wait on.
class Diary {
 public:
  void log(const std::string& text) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(text);
    news_.notify_all();
  }
  void change(const Change& change) {
    const std::lock_guard lock(mutex_);
    changes_.push_back(change);
    news_.notify_all();
  }
  // Waits until a line contains `text`.
  [[nodiscard]] bool await_line(const std::string& text) {
    std::unique_lock lock(mutex_);
    return news_.wait_for(lock, std::chrono::seconds(20), [&] { return has_line(text); });
  }
  // Waits until the latest change of `key` is `value`.
  [[nodiscard]] bool await_change(const Term& key, const std::optional<Term>& value) {
    std::unique_lock lock(mutex_);
    return news_.wait_for(lock, std::chrono::seconds(20), [&] {
      const auto latest = std::find_if(changes_.rbegin(), changes_.rend(),
                                       [&](const Change& one) { return one.key == key; });
      return latest != changes_.rend() && latest->value == value;
    });
  }
  [[nodiscard]] std::vector<Change> changes() {
    const std::lock_guard lock(mutex_);
    return changes_;
  }
  [[nodiscard]] std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  [[nodiscard]] bool has_line(const std::string& text) const {
    return std::ranges::any_of(
        lines_, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }

  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<std::string> lines_;
  std::vector<Change> changes_;
};

inline constexpr const char* secret = "THESECRETOFTHESETESTS";

// A node and its diary. Names are on 127.0.0.1: no name server is asked.
struct Member {
  explicit Member(const std::string& alive, std::vector<std::string> peers = {},
                  const std::function<void(NodeOptions&)>& change = nullptr) {
    NodeOptions options;
    options.name = alive + "@127.0.0.1";
    options.long_names = true;
    options.cookie = secret;
    for (const auto& peer : peers) options.connect.push_back(peer + "@127.0.0.1");
    options.log = [this](LogLevel, const std::string& text) { diary.log(text); };
    if (change) change(options);
    auto started = Node::start(options);
    INFO((started ? std::string() : started.error().text()));
    REQUIRE(started.has_value());
    node = std::move(*started);
    node->on_change([this](const Change& one) { diary.change(one); });
  }

  Diary diary;
  std::unique_ptr<Node> node;
};

}  // namespace groot
