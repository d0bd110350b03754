// Keeps the log readable when the same thing fails again and again: a peer that stays away, a
// client that talks nonsense in a loop.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace groot::io {

class FailureLog {
 public:
  // True when this failure of this peer (or address) is news: another text, or the last line about
  // it is failure_log_interval old. Monotonic milliseconds.
  [[nodiscard]] bool is_news(const std::string& peer, const std::string& text, std::int64_t now_ms);
  // The peer is well again: its next failure is news.
  void forget(const std::string& peer);

 private:
  struct Entry {
    std::string text;
    std::int64_t told_ms = 0;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace groot::io
