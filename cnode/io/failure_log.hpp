// Keeps the log readable when the same things fail again and again: a peer that stays away, a
// client that talks nonsense in a loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace groot::io {

class FailureLog {
 public:
  // True when this failure of this peer (or address) is news: the last line that said so is
  // failure_log_interval old. Monotonic milliseconds.
  [[nodiscard]] bool is_news(const std::string& peer, const std::string& text, std::int64_t now_ms);
  // The peer is well again: its next failure is news.
  void forget(const std::string& peer);

  // For lines about strangers, who choose the names under which they fail: each host has so many
  // lines an interval. The last of them is the one that should say so.
  enum class Room { line, last_line, none };
  [[nodiscard]] Room room_for(const std::string& host, std::int64_t now_ms);

 private:
  struct Host {
    std::int64_t since_ms = 0;
    std::size_t lines = 0;
  };
  std::map<std::pair<std::string, std::string>, std::int64_t> told_ms_;  // by peer and text
  std::map<std::string, Host> hosts_;
};

}  // namespace groot::io
