// Two routers back to back, their frames over the wire format: two nodes of ours.
#include <optional>

#include "pair.hpp"

namespace groot::process {
namespace {

using namespace testing;

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
