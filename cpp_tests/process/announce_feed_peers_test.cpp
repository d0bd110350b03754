// Stock peers that see each other: one is listened to for all.
#include <algorithm>

#include "cnode/process/limits.hpp"
#include "fake_stock.hpp"

namespace groot::process {
namespace {

using namespace testing;

// Two that see each other, and one that nobody sees.
struct Three {
  Script s{HiddenFeed::announce};
  FakeStock a{s, "a@h", Runs::groot_with_delete};
  FakeStock b{s, "b@h", Runs::groot_with_delete};
  FakeStock lone{s, "lone@h", Runs::groot_with_delete};

  Three() {
    a.canned["erlang:nodes"] = erl("['b@h']");
    b.canned["erlang:nodes"] = erl("['a@h']");
    pass(8'000);
    forget();
  }
  // Only `b` and `lone` answer while `a_hangs`.
  void pass(std::int64_t milliseconds, bool a_hangs = false) {
    for (std::int64_t passed = 0; passed < milliseconds; passed += 5) {
      s.pass(5);
      if (a_hangs) {
        FakeStock::settle(s, {&b, &lone});
      } else {
        FakeStock::settle(s, {&a, &b, &lone});
      }
    }
  }
  void forget() {
    for (FakeStock* peer : {&a, &b, &lone}) peer->polls = peer->announcements = 0;
  }
};

TEST_CASE("of peers that see each other one is asked for all") {
  Three t;
  t.pass(20 * quiet_poll_interval_ms);
  CHECK(t.a.polls + t.b.polls >= 19);
  CHECK(t.a.polls + t.b.polls <= 21);
  CHECK(std::min(t.a.polls, t.b.polls) == 0);
  CHECK(t.lone.polls >= 19);
  // They lose each other, and each is asked again for itself.
  t.a.canned["erlang:nodes"] = t.b.canned["erlang:nodes"] = ei_codec::list({});
  t.pass(discovery_interval_ms + 1'000);
  t.forget();
  t.pass(20 * quiet_poll_interval_ms);
  CHECK(t.a.polls >= 19);
  CHECK(t.b.polls >= 19);
}

TEST_CASE(
    "what moves the counts of all that see each other is fetched once, and so is what is none") {
  Three t;
  for (FakeStock* peer : {&t.a, &t.b, &t.lone}) peer->works();
  t.pass(5'000);
  CHECK(t.a.announcements + t.b.announcements == 1);
  CHECK(t.lone.announcements == 1);
}

TEST_CASE("what is new at one of several is shown by each of them, soon") {
  Three t;
  for (int i = 0; i < 4; ++i) {
    const std::string key = "k" + std::to_string(i);
    t.forget();
    // As stock nodes do: a write is pushed.
    t.a.set(key, "1");
    t.b.set(key, "1");
    t.pass(quiet_poll_interval_ms + 10);
    CHECK(t.s.get(key) == "1");
    t.pass(quiet_poll_interval_ms);
    CHECK(t.a.announcements >= 1);
    CHECK(t.b.announcements >= 1);
    t.pass(3'000);
  }
  // So a delete is one, whoever shows it first.
  t.a.erase("k0");
  t.b.erase("k0");
  t.pass(quiet_poll_interval_ms + 10);
  CHECK(t.s.get("k0") == "none");
}

TEST_CASE("a peer that does not answer is not listened to for others") {
  Three t;
  t.pass(2 * silence_max_ms, true);
  t.b.set("k", "1");
  t.pass(quiet_poll_interval_ms + 10, true);
  CHECK(t.s.get("k") == "1");
}

TEST_CASE("what is written where nobody listens, and pushed to nobody, is heard in its turn") {
  Three t;
  // The links between the two are cut, and both still say that they see each other.
  for (int i = 0; i < 3; ++i) {
    const std::string key = "k" + std::to_string(i);
    t.a.set("a" + key, "1");
    t.b.set("b" + key, "1");
    t.pass(turn_interval_ms + 2 * quiet_poll_interval_ms);
    CHECK(t.s.get("a" + key) == "1");
    CHECK(t.s.get("b" + key) == "1");
  }
}

TEST_CASE("a turn costs one fetch where something moved, one question where nothing did") {
  Three t;
  t.pass(turn_interval_ms);
  t.forget();
  t.pass(turn_interval_ms);
  CHECK(std::min(t.a.polls, t.b.polls) == 1);
  CHECK(t.a.announcements + t.b.announcements == 0);
  // Full synchronisation, as stock nodes do it.
  t.forget();
  for (int i = 0; i < 8; ++i) {
    for (FakeStock* peer : {&t.a, &t.b, &t.lone}) peer->works();
    t.pass(turn_interval_ms / 2);
  }
  // Eight by the one that is listened to, four turns.
  CHECK(t.a.announcements + t.b.announcements <= 12);
  CHECK(t.lone.announcements == 8);
}

}  // namespace
}  // namespace groot::process
