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

}  // namespace
}  // namespace groot::process
