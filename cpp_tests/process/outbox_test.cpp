#include "cnode/process/outbox.hpp"

#include <set>

#include "cnode/process/limits.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

RouterOptions options() {
  RouterOptions made;
  made.self = node(us);
  made.creation = 7;
  made.random = [] { return std::uint64_t{5}; };
  return made;
}

std::vector<std::string> lines(Outbox& outbox) {
  std::vector<std::string> texts;
  for (const Action& action : outbox.take()) texts.push_back(std::get<LogLine>(action).text);
  return texts;
}

TEST_CASE("references differ, pids are of this incarnation") {
  Outbox outbox(options());
  std::set<Reference> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(outbox.new_reference());
  CHECK(seen.size() == 1'000);
  for (const Reference& ref : seen) CHECK(ref.words.at(0) < (1U << 18));
  const Pid pid = outbox.pid(ServedPid::storage);
  CHECK(outbox.is_ours(pid));
  Pid before = pid;
  before.creation = 6;
  CHECK_FALSE(outbox.is_ours(before));
  Pid elsewhere = pid;
  elsewhere.node.name = "them@127.0.0.1";
  CHECK_FALSE(outbox.is_ours(elsewhere));
}

TEST_CASE("what takes long to send is sent by a process of its own") {
  Outbox outbox(options());
  const auto sender = [&](std::size_t size) {
    return outbox.sender(ServedPid::rex, share(Bytes(size, 0)));
  };
  CHECK(sender(lone_message_bytes_min) == outbox.pid(ServedPid::rex));
  const Pid first = sender(lone_message_bytes_min + 1);
  const Pid second = sender(lone_message_bytes_min + 1);
  CHECK(outbox.is_ours(first));
  CHECK(first != outbox.pid(ServedPid::rex));
  CHECK(first != second);
}

TEST_CASE("one line a peer and cause a minute, and the next one counts") {
  Outbox outbox(options());
  const auto log = [&](std::string_view peer, std::string_view cause, std::int64_t at_ms) {
    outbox.log_limited(peer, cause, "line", Now{at_ms, 0});
  };
  log("a", "x", 0);
  log("a", "x", 1);
  log("a", "y", 1);
  log("b", "x", 1);
  log("a", "x", log_interval_ms - 1);
  CHECK(lines(outbox).size() == 3);
  log("a", "x", log_interval_ms);
  CHECK(lines(outbox) == std::vector<std::string>{"line (and 2 more like it)"});
  outbox.forget_causes("a");
  log("a", "x", log_interval_ms + 1);
  log("b", "x", log_interval_ms);
  CHECK(lines(outbox) == std::vector<std::string>{"line"});
}

TEST_CASE("no more causes are remembered than the limit") {
  Outbox outbox(options());
  for (std::size_t i = 0; i <= log_causes_max; ++i) {
    outbox.log_limited("peer", std::to_string(i), "line", Now{});
  }
  CHECK(lines(outbox).size() == log_causes_max + 1);
  outbox.log_limited("peer", std::to_string(log_causes_max), "again", Now{});
  CHECK(lines(outbox).empty());
  outbox.log_limited("peer", "0", "again", Now{});
  CHECK(lines(outbox).size() == 1);
}

}  // namespace
}  // namespace groot::process
