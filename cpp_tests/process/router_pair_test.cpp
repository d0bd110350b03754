// Two routers back to back, their frames over the wire format: two nodes of ours.
#include <optional>

#include "cnode/process/limits.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

class Pair {
 public:
  Script a{HiddenFeed::announce, "a@h", 1};
  Script b{HiddenFeed::announce, "b@h", 2};

  void connect() {
    to_b_ = a.up("b@h");
    to_a_ = b.up("a@h");
    settle();
  }
  void cut() {
    a.down(to_b_);
    b.down(to_a_);
    (void)a.take_sent();
    (void)b.take_sent();
  }
  // Carries frames until both are silent; the number carried.
  int settle() {
    int carried = 0;
    while (true) {
      const auto from_a = a.take_sent();
      const auto from_b = b.take_sent();
      if (from_a.empty() && from_b.empty()) return carried;
      for (const Sent& sent : from_a) carry(b, to_a_, sent);
      for (const Sent& sent : from_b) carry(a, to_b_, sent);
      carried += static_cast<int>(from_a.size() + from_b.size());
      REQUIRE(carried < 10'000);
    }
  }
  void pass(std::int64_t ms) {
    for (std::int64_t passed = 0; passed < ms; passed += 50) {
      a.pass(50);
      b.pass(50);
      settle();
    }
  }

 private:
  static void carry(Script& to, LinkId link, const Sent& sent) {
    const bool has_message = sent.get<dist::RegSend>() || sent.get<dist::Send>() ||
                             sent.get<dist::AliasSend>() || sent.get<dist::SpawnRequest>() ||
                             sent.get<dist::Exit>() || sent.get<dist::Exit2>() ||
                             sent.get<dist::MonitorPExit>();
    if (has_message) {
      to.receive(link, sent.control, sent.message);
    } else {
      to.receive(link, sent.control);
    }
  }
  LinkId to_b_ = 0;
  LinkId to_a_ = 0;
};

TEST_CASE("they know each other, and what either holds or writes is the other's") {
  Pair pair;
  pair.a.set("k", "before");
  pair.b.set("\"list key\"", "too");
  pair.connect();
  CHECK(pair.b.get("k") == "before");
  CHECK(pair.a.get("\"list key\"") == "too");
  pair.b.set("k", "later");
  pair.settle();
  CHECK(pair.a.get("k") == "later");
  store::Effects effects;
  REQUIRE(pair.a.replica.erase(encoded("k"), pair.a.now, effects));
  pair.a.router.perform(std::move(effects), pair.a.now);
  pair.settle();
  CHECK(pair.b.get("k") == "none");
}

TEST_CASE("writes and deletes on both sides of a cut converge, and deleted keys stay so") {
  Pair pair;
  pair.a.set("deleted", "1");
  pair.a.set("both", "1");
  pair.connect();
  pair.cut();
  pair.pass(100);
  store::Effects effects;
  REQUIRE(pair.a.replica.erase(encoded("deleted"), pair.a.now, effects));
  pair.a.router.perform(std::move(effects), pair.a.now);
  pair.a.set("both", "a");
  pair.b.now.wall_ms += 5;
  pair.b.set("both", "b");
  pair.b.set("new", "2");
  pair.connect();
  pair.pass(100);
  for (Script* s : {&pair.a, &pair.b}) {
    CHECK(s->get("deleted") == "none");
    CHECK(s->get("both") == "b");
    CHECK(s->get("new") == "2");
  }
}

TEST_CASE("an expiry happens on both at the same time") {
  Pair pair;
  pair.connect();
  store::Effects effects;
  REQUIRE(pair.a.replica.set(encoded("k"), encoded("v"), 1'000, pair.a.now, effects));
  pair.a.router.perform(std::move(effects), pair.a.now);
  pair.settle();
  CHECK(pair.b.get("k") == "v");
  pair.pass(950);
  CHECK(pair.b.get("k") == "v");
  pair.pass(50);
  CHECK(pair.a.get("k") == "none");
  CHECK(pair.b.get("k") == "none");
}

TEST_CASE("idle, they say little: discovery and clocks") {
  Pair pair;
  pair.connect();
  pair.pass(1'000);
  int carried = 0;
  for (int i = 0; i < 60; ++i) {
    for (int j = 0; j < 10; ++j) {
      pair.a.pass(100);
      pair.b.pass(100);
      carried += pair.settle();
    }
  }
  // Each 3 s and direction: a clock, and a question of two frames with two frames back.
  CHECK(carried <= 60 / 3 * 2 * 6);
  CHECK(carried >= 60 / 3 * 2 * 2);
}

}  // namespace
}  // namespace groot::process
