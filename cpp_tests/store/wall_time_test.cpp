#include "store/wall_time.hpp"

#include <doctest/doctest.h>

#include "cpp_tests/store/script.hpp"
#include "store/limits.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

constexpr std::int64_t hour = 3'600'000;
constexpr std::int64_t day = 24 * hour;

// The two clocks of a machine.
struct Clocks {
  WallTime time;
  Now read{10'000, wall_start_ms};

  Now pass(std::int64_t ms, std::int64_t jump_ms = 0) {
    read.monotonic_ms += ms;
    read.wall_ms += ms + jump_ms;
    return time.believe(read);
  }
  // Of the believed time: how far it is from where it would be without jumps.
  std::int64_t off() {
    const Now now = time.believe(read);
    return (now.wall_ms - wall_start_ms) - (now.monotonic_ms - 10'000);
  }
};

}  // namespace

TEST_CASE("the wall clock is followed in small steps, either way") {
  Clocks c;
  CHECK(c.pass(0).wall_ms == wall_start_ms);
  CHECK(c.pass(1'000, 3).wall_ms == wall_start_ms + 1'003);
  CHECK(c.pass(1'000, wall_step_ms_max).wall_ms == wall_start_ms + 7'003);
  CHECK(c.pass(0, -wall_step_ms_max).wall_ms == wall_start_ms + 2'003);
  CHECK(c.time.wall_ms(c.read.monotonic_ms + 5) == wall_start_ms + 2'008);
  CHECK_FALSE(c.time.jumped_ms());
  CHECK(c.time.take_set() == 0);
  CHECK(c.time.take_reports().empty());
}

TEST_CASE("a jump is reported, shown, and not followed; not even over a long time") {
  for (const std::int64_t jump :
       {wall_step_ms_max + 1, -wall_step_ms_max - 1, 365 * day, -2 * day}) {
    Clocks c;
    c.pass(0);
    CHECK(c.pass(10, jump).wall_ms == wall_start_ms + 10);
    CHECK(c.time.jumped_ms() == jump);
    CHECK(c.pass(5 * day).wall_ms == wall_start_ms + 10 + 5 * day);
    CHECK(c.time.deadline_ms(c.read.monotonic_ms) == wall_start_ms + 10 + 5 * day);
    CHECK(c.time.take_reports().size() == 1);
    c.pass(10, -jump);
    CHECK_FALSE(c.time.jumped_ms());
    CHECK(c.off() == 0);
    CHECK(c.time.take_reports().size() == 1);
    // Once an hour, if it goes on like that.
    c.pass(10, jump);
    CHECK(c.time.take_reports().size() == 1);
    c.pass(10, -jump);
    c.pass(10, jump);
    CHECK(c.time.take_reports().size() == 1);  // that it had come back
  }
}

TEST_CASE("a jump that the clocks of peers agree with is taken over, and is no time that passed") {
  Clocks c;
  c.pass(0);
  c.pass(10, hour);
  c.time.heard(5, hour + 20'000);
  CHECK(c.off() == hour);
  CHECK(c.time.take_set() == hour);
  CHECK(c.time.take_set() == 0);
  CHECK_FALSE(c.time.jumped_ms());
  CHECK(c.time.take_reports().size() == 2);
  // The other order: they are known when it happens.
  Clocks known;
  known.pass(0);
  known.time.heard(5, -hour);
  CHECK(known.off() == 0);
  CHECK(known.pass(10, -hour).wall_ms == wall_start_ms + 10 - hour);
  CHECK(known.time.take_set() == -hour);
}

TEST_CASE("a jump that peers do not agree with is not taken over") {
  Clocks c;
  c.pass(0);
  for (const PeerId peer : {1U, 2U, 3U}) c.time.heard(peer, 100);
  c.pass(10, 2 * day);
  CHECK(c.off() == 0);
  CHECK(c.time.jumped_ms() == 2 * day);
  // Nor with what one of several says; nor where none is near.
  c.time.heard(1, 2 * day);
  CHECK(c.off() == 0);
  c.time.heard(2, day);
  CHECK(c.off() == 0);
  c.time.heard(3, 2 * day);
  CHECK(c.off() == 2 * day);
}

TEST_CASE("deadlines are held against the lower median of all clocks") {
  Clocks c;
  CHECK(c.pass(0).deadlines_ahead_ms == 0);
  // Of two the earlier, whichever it is.
  c.time.heard(1, 40'000);
  CHECK(c.pass(1).deadlines_ahead_ms == 0);
  c.time.heard(1, -40'000);
  CHECK(c.pass(1).deadlines_ahead_ms == -40'000);
  CHECK(c.time.deadline_ms(20'000) == c.time.wall_ms(20'000) - 40'000);
  // Of three or more none that is wrong alone.
  c.time.heard(2, 5);
  CHECK(c.pass(1).deadlines_ahead_ms == 0);
  c.time.heard(1, -365 * day);
  CHECK(c.pass(1).deadlines_ahead_ms == 0);
  c.time.heard(3, 365 * day);
  CHECK(c.pass(1).deadlines_ahead_ms == 0);
  c.time.heard(1, 30'000);
  c.time.heard(3, 30'010);
  CHECK(c.pass(1).deadlines_ahead_ms == 5);
}

TEST_CASE("who is alone goes on with what was known of the others") {
  Clocks c;
  c.pass(0);
  c.time.heard(1, -40'000);
  c.time.gone(1);
  CHECK(c.pass(1).deadlines_ahead_ms == -40'000);
  CHECK(c.pass(1, 2'000).deadlines_ahead_ms == -40'000);
  c.time.heard(2, 10);
  CHECK(c.pass(1).deadlines_ahead_ms == 0);
}

TEST_CASE(
    "until a new peer has said what time it is nothing is ended for others, but not for long") {
  Clocks c;
  CHECK(c.pass(0).knows_deadlines());
  c.time.await(1);
  CHECK_FALSE(c.pass(1).knows_deadlines());
  c.time.heard(1, 0);
  CHECK(c.pass(1).knows_deadlines());
  c.time.await(2);
  c.time.await(3);
  c.time.cannot_say(2);
  CHECK_FALSE(c.pass(1).knows_deadlines());
  c.time.gone(3);
  CHECK(c.pass(1).knows_deadlines());
  // Peers that come and go, and never answer, do not put it off for ever.
  c.time.await(4);
  for (PeerId peer = 5; peer < 100; ++peer) {
    c.time.await(peer);
    c.time.gone(peer - 1);
    c.pass(200);
  }
  CHECK(c.pass(1).knows_deadlines());
}

TEST_CASE("nothing is expired, dropped or stamped on the strength of a jump") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_ttl_ms = day});
  Now read = s.now;
  const auto pass = [&](std::int64_t ms, std::int64_t jump = 0) {
    read.monotonic_ms += ms;
    read.wall_ms += ms + jump;
    s.now = s.replica.believe(read);
  };
  pass(0);
  s.set("brief", "1", hour);
  s.erase("gone");
  pass(10, 2 * day);
  s.replica.wake(s.now, s.effects);
  CHECK(s.reports(Report::Cause::clock).size() == 1);
  CHECK(text_of(s.replica.get(term("brief"),
                              s.replica.wall_time().deadline_ms(read.monotonic_ms))) == "1");
  CHECK(s.description("gone").starts_with("gone deleted@"));
  s.set("after", "2");
  CHECK(s.held("after")->stamp() == s.stamp(10, 1));
  // All by monotonic time.
  pass(hour - 10);
  s.replica.wake(s.now, s.effects);
  CHECK(s.description("brief").starts_with("brief deleted@"));
  pass(day);
  s.replica.wake(s.now, s.effects);
  CHECK(s.description("gone") == "none");
}

TEST_CASE("a clock that is set right lets no tombstone go early, nor the file forget it") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_ttl_ms = day});
  s.replica.keep_journal();
  Now read = s.now;
  s.now = s.replica.believe(read);
  s.erase("gone");
  (void)s.replica.take_journal();
  read.wall_ms += 2 * day;
  s.now = s.replica.believe(read);
  s.replica.wall_time().heard(1, 2 * day);
  s.now = s.replica.believe(read);
  CHECK(s.now.wall_ms == read.wall_ms);
  s.replica.wake(s.now, s.effects);
  CHECK(s.description("gone").starts_with("gone deleted@"));
  CHECK(s.replica.take_journal().size() == 1);
  s.pass(day);
  s.replica.wake(s.now, s.effects);
  CHECK(s.description("gone") == "none");
}

TEST_CASE("what arrives past its deadline while clocks are not known is hidden, not ended") {
  Script s;
  s.now.deadlines_known_ms = s.now.monotonic_ms + 100;
  s.merge("k", "v", s.stamp(-50'000), wall_start_ms - 1);
  CHECK(s.get("k") == "none");
  CHECK(s.description("k").starts_with("k=v@"));
  s.replica.wake(s.now, s.effects);
  CHECK(s.announced().empty());
  CHECK(s.replica.next_wake_wall_ms(s.now) == s.now.wall_ms + 100);
  s.pass(100);
  s.replica.wake(s.now, s.effects);
  CHECK(s.description("k").starts_with("k deleted@"));
  CHECK(s.announced().size() == 1);
}
