// Two nodes of ours become equal: what travels for it, when, and what does not. What they say to
// each other in detail is exchange_messages_test's, what a round makes of a peer that says odd
// things is exchange_round_test's.
#include "cnode/process/exchange.hpp"

#include <algorithm>

#include <rapidcheck.h>

#include "cnode/process/limits.hpp"
#include "exchange_script.hpp"
#include "pair.hpp"
#include "store/limits.hpp"

namespace groot::process {
namespace {

using namespace testing;

// The frames and bytes of a link that comes up with nothing to say: hellos, discovery, clocks, one
// round.
constexpr std::size_t quiet_bytes = 4'000;

TEST_CASE("after a cut only what differs travels") {
  Pair pair;
  for (int i = 0; i < 2'000; ++i) {
    hold(pair.a, {.key = i});
    hold(pair.b, {.key = i});
  }
  pair.connect();
  CHECK(pair.to_storage() == 0);
  CHECK(pair.bytes() < quiet_bytes);
  pair.cut();
  pair.a.set("by_a", "1");
  pair.b.set("by_b", "2");
  pair.a.set("7", "a");
  pair.b.now.wall_ms += 5;
  pair.b.set("7", "b");
  const std::size_t before = pair.bytes();
  pair.connect();
  CHECK(pair.equal());
  CHECK(pair.b.get("by_a") == "1");
  CHECK(pair.a.get("7") == "b");
  CHECK(pair.to_storage() == 3);
  CHECK(pair.bytes() - before < 2 * quiet_bytes);
}

TEST_CASE("what was lost on the way is found within 20 s") {
  Pair pair;
  pair.connect();
  hold(pair.a, {.key = 1});
  hold(pair.b, {.key = 2});
  pair.pass(9'000);
  CHECK_FALSE(pair.equal());
  pair.pass(12'000);
  CHECK(pair.equal());
}

TEST_CASE("property: whatever both hold, they hold the same afterwards") {
  CHECK(rc::check("two replicas", [] {
    Pair pair;
    const auto common = *rc::gen::inRange(0, 200);
    for (int i = 0; i < common; ++i) {
      hold(pair.a, {.key = i});
      hold(pair.b, {.key = i});
    }
    const auto some = rc::gen::container<std::vector<Held>>(any_held(300));
    for (const Held& held : *some) hold(pair.a, held);
    for (const Held& held : *some) hold(pair.b, held);
    pair.connect();
    // Of two views of one write one in 256 looks like the other, once.
    if (!pair.equal()) pair.pass(exchange_interval_max_ms);
    RC_ASSERT(pair.equal());
    // Nothing is left to say.
    const int sent = pair.to_storage();
    pair.pass(exchange_interval_max_ms);
    RC_ASSERT(pair.equal());
    RC_ASSERT(pair.to_storage() == sent);
  }));
}

// A register of 16 bytes of key and 32 of value takes some 190 bytes: the bound is twice that.
TEST_CASE("200 that differ among 50,000 cost at most what they are, and 180 bytes each") {
  Pair pair;
  for (int i = 0; i < 50'000; ++i) {
    hold(pair.a, {.key = i});
    hold(pair.b, {.key = i});
  }
  std::vector<store::RegisterPtr> differing;
  for (int i = 0; i < 200; ++i) {
    // A third is new to either, and a third a later write.
    const Held held{.key = i % 3 == 0 ? i : 100'000 + i, .time = 50};
    differing.push_back(hold(i % 2 == 0 ? pair.a : pair.b, held));
  }
  pair.connect();
  CHECK(pair.a.replica.registers().fingerprint({}) == pair.b.replica.registers().fingerprint({}));
  const std::size_t size = encode_updates(differing).size();
  INFO(pair.bytes(), " bytes for ", size);
  CHECK(pair.bytes() - quiet_bytes <= size + 200 * 180);
}

TEST_CASE("a node that joins empty is given everything, in chunks, a few at a time") {
  for (const bool asker_is_empty : {false, true}) {
    Pair pair;
    Script& full = asker_is_empty ? pair.b : pair.a;
    for (int i = 0; i < 10'000; ++i) hold(full, {.key = i});
    pair.connect();
    CHECK(pair.equal());
    CHECK(pair.largest() <= exchange_chunk_bytes + 1'000);
    CHECK(pair.to_storage() >= 3);
  }
}

TEST_CASE("a node that holds next to nothing is given the rest by ranges, not one by one") {
  Pair pair;
  for (int i = 0; i < 80'000; ++i) hold(pair.a, {.key = i});
  for (int i = 0; i < 5; ++i) hold(pair.b, {.key = i});
  pair.connect();
  CHECK(pair.a.replica.registers().fingerprint({}) == pair.b.replica.registers().fingerprint({}));
  CHECK(pair.b.replica.size() == 80'000);
  // Full chunks, but for the few ranges next to what it holds.
  CHECK(pair.to_storage() < 100);
}

TEST_CASE("no more is under way than the window allows") {
  Pair pair;
  for (int i = 0; i < 10'000; ++i) hold(pair.a, {.key = i});
  pair.connect_quietly();
  std::size_t most = 0;
  while (pair.carry(1) == 1) {
    std::size_t under_way = 0;
    for (const Sent& sent : pair.from_a) under_way += sent.bytes;
    most = std::max(most, under_way);
  }
  CHECK(pair.equal());
  CHECK(most <= exchange_window * (exchange_chunk_bytes + 1'000));
}

TEST_CASE("cut anywhere in the middle, they go on when they meet again") {
  for (int frames = 1; frames < 60; frames += 3) {
    Pair pair;
    for (int i = 0; i < 1'500; ++i) {
      if (i % 5 != 0) hold(pair.a, {.key = i});
      if (i % 7 != 0) hold(pair.b, {.key = i, .time = i % 3});
    }
    pair.connect_quietly();
    pair.carry(frames);
    pair.cut();
    pair.connect();
    CHECK(pair.equal());
  }
}

TEST_CASE("tombstones and deadlines are made equal too") {
  Pair pair;
  hold(pair.a, {.key = 1});
  hold(pair.b, {.key = 1, .time = 5, .deleted = true});
  // One write, seen through different nodes: with its deadline, and without; deleted, and not.
  hold(pair.a, {.key = 2});
  hold(pair.b, {.key = 2, .deadline = wall_start_ms + 60'000});
  hold(pair.b, {.key = 3});
  hold(pair.a, {.key = 3, .deleted = true});
  hold(pair.a, {.key = 4, .deleted = true});
  pair.connect();
  CHECK(pair.equal());
  CHECK(pair.a.get("1") == "none");
  CHECK(pair.b.get("3") == "none");
  CHECK(contents(pair.a.replica).at("2").find("until") != std::string::npos);
  CHECK(contents(pair.b.replica).at("4").starts_with("deleted"));
}

TEST_CASE("two writes of one stamp become one and the same") {
  Pair pair;
  for (int i = 0; i < 100; ++i) {
    hold(pair.a, {.key = i, .value = i % 2});
    hold(pair.b, {.key = i, .value = 1});
  }
  pair.connect();
  // Of two views of one write one in 256 looks like the other, once.
  if (!pair.equal()) pair.pass(exchange_interval_max_ms);
  CHECK(pair.equal());
  CHECK(pair.a.get("2") == "1");
}

// All keys of five bytes, as integers from 256 on are, have the same hash with this secret.
const store::ReplicaOptions colliding{.hash_secret = {{1, 5, 2, 3}}};

TEST_CASE("keys that share a hash lose nothing") {
  for (const int keys : {2, 3, 20, 400}) {
    Pair pair(colliding, colliding);
    const auto& map = pair.a.replica.registers();
    CHECK(map.hash(encoded("1000")) == map.hash(encoded("1001")));
    for (int i = 0; i < keys; ++i) {
      if (i % 3 != 0) hold(pair.a, {.key = 1'000 + i, .time = i % 4});
      if (i % 3 != 1) hold(pair.b, {.key = 1'000 + i, .time = i % 5, .deleted = i % 7 == 0});
      hold(pair.a, {.key = i % 256, .time = i});  // among others
    }
    pair.connect();
    // Which of two keys an item is about is not known: the next round knows more.
    if (!pair.equal()) pair.pass(exchange_interval_max_ms);
    CHECK(pair.equal());
    const int sent = pair.to_storage();
    pair.pass(exchange_interval_max_ms);
    CHECK(pair.to_storage() == sent);
  }
}

TEST_CASE("keys that share a hash are not cut apart where a chunk ends") {
  for (const bool a_holds : {true, false}) {
    Pair pair(colliding, colliding);
    hold(pair.a, {.key = 7});
    hold(pair.b, {.key = 8});
    Script& full = a_holds ? pair.a : pair.b;
    const std::string value = '"' + std::string(exchange_chunk_bytes * 2 / 3, 'v') + '"';
    for (int i = 0; i < 4; ++i) full.set(std::to_string(1'000 + i), "<<" + value + ">>");
    pair.connect();
    CHECK(pair.equal());
    CHECK(pair.to_storage() < 10);
  }
}

TEST_CASE("tombstones that live longer at one of them are not given to the other again and again") {
  Pair pair({.tombstone_ttl_ms = 45'000}, {});
  for (int i = 0; i < 2'000; ++i) hold(pair.a, {.key = i, .time = -1'000});
  pair.connect();
  for (int i = 0; i < 2'000; ++i) hold(pair.b, {.key = i, .deleted = true});
  pair.pass(exchange_interval_max_ms);
  CHECK(pair.equal());
  CHECK(pair.a.replica.size() == 0);
  pair.pass(60'000);
  CHECK(contents(pair.a.replica).empty());
  CHECK(contents(pair.b.replica).size() == 2'000);

  const int sent = pair.to_storage();
  const std::size_t before = pair.bytes();
  pair.pass(60'000);
  CHECK(pair.to_storage() == sent);
  CHECK((pair.bytes() - before) / 60 < 1'000);
  pair.cut();
  CHECK(pair.b.replica.registers().fingerprint({}) != 0);
  // Who shows an older version is told all the same, here and of every other node.
  hold(pair.a, {.key = 7, .time = -1'000});
  pair.connect();
  CHECK(pair.b.replica.registers().fingerprint({}) == 0);
  CHECK(pair.a.get("7") == "none");
  CHECK(pair.to_storage() < sent + 5);
}

TEST_CASE("a tombstone that one of them has forgotten is not given to it again and again") {
  Pair pair;
  constexpr std::int64_t day_ms = store::tombstone_ttl_ms_default;
  hold(pair.a, {.key = 1, .time = -day_ms / 2});
  hold(pair.b, {.key = 1, .time = -day_ms / 2});
  // It came here late, and stays a day for that; the other has had its own.
  hold(pair.a, {.key = 2, .time = -day_ms - 1'000});
  hold(pair.a, {.key = 2, .time = -day_ms, .deleted = true});
  pair.connect();
  pair.pass(2 * exchange_interval_max_ms);
  CHECK(pair.to_storage() == 0);

  // Who shows an older version is told all the same.
  hold(pair.b, {.key = 2, .time = -day_ms - 1'000});
  pair.pass(exchange_interval_max_ms + 1'000);
  CHECK(contents(pair.b.replica).at("2").starts_with("deleted"));
  CHECK(pair.a.get("2") == "none");
}

TEST_CASE("a tombstone does not go while a node that may hold the value is being compared with") {
  constexpr std::int64_t ttl_ms = 3'600'000;
  store::ReplicaOptions options;
  options.tombstone_ttl_ms = ttl_ms;
  Pair pair(options, options);
  hold(pair.b, {.key = 1, .time = -5});
  hold(pair.a, {.key = 1, .time = -5});
  hold(pair.a, {.key = 1, .deleted = true});
  // The link comes up a moment before the tombstone's time is over, and is slow.
  pair.a.pass(ttl_ms - 1);
  pair.b.pass(ttl_ms - 1);
  pair.connect_quietly();
  pair.carry(6);
  pair.a.pass(1'000);
  CHECK(contents(pair.a.replica).contains("1"));
  pair.settle();
  CHECK(pair.a.get("1") == "none");
  CHECK(pair.b.get("1") == "none");
  // It was told, and with that neither is needed any more: here at once, there in its own time.
  pair.pass(3 * exchange_interval_max_ms);
  CHECK(contents(pair.a.replica).empty());
  pair.pass(ttl_ms + 3 * exchange_interval_max_ms);
  CHECK(contents(pair.b.replica).empty());
  CHECK(pair.a.get("1") == "none");
}

TEST_CASE("in peace they say little") {
  Pair pair;
  for (int i = 0; i < 1'000; ++i) hold(pair.a, {.key = i});
  pair.connect();
  CHECK(pair.equal());
  const std::size_t before = pair.bytes();
  pair.pass(60'000);
  // All that goes between them, questions about other nodes and clocks included.
  CHECK((pair.bytes() - before) / 60 < 1'000);
}

TEST_CASE("a write travels at once, before and while they compare") {
  Pair pair;
  for (int i = 0; i < 5'000; ++i) hold(pair.a, {.key = i});
  pair.connect_quietly();
  pair.carry(20);
  pair.b.set("now", "1");
  pair.carry(8);
  CHECK(pair.a.get("now") == "1");
  pair.settle();
  CHECK(pair.equal());
}

}  // namespace
}  // namespace groot::process
