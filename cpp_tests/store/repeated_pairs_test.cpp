#include "store/repeated_pairs.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "cpp_tests/store/linked_script.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

std::vector<RegisterPtr> numbered(int from, int to) {
  std::vector<RegisterPtr> state;
  for (int i = from; i < to; ++i) {
    state.push_back(make_value("k" + std::to_string(1'000 + i), "v", {1, 0, 9}));
  }
  return state;
}

// The state after it has come often enough to be known.
std::vector<RegisterPtr> known(Script& s, int count) {
  const auto state = numbered(0, count);
  CHECK(s.full_state(peer, state) == state.size());  // new
  CHECK(s.full_state(peer, state) == state.size());  // the same as what is held: known from now on
  CHECK(s.full_state(peer, state) == 0);
  return state;
}

}  // namespace

TEST_CASE("a state that comes again is not read again") {
  for (const PeerKind kind : kinds) {
    Linked s(kind);
    const auto state = known(s, 1'000);
    CHECK(s.full_state(peer, state) == 0);
    CHECK(s.replica.size() == 1'000);
  }
}

TEST_CASE("of a state with a change only what is about it is read") {
  Linked s(PeerKind::stock_without_delete);
  auto state = known(s, 1'000);
  SUBCASE("another version") {
    state[500] = make_value("k1500", "w", {2, 0, 9});
    CHECK(s.full_state(peer, state) == 1);
    CHECK(s.get("k1500") == "w");
    CHECK(s.full_state(peer, state) == 1);
    CHECK(s.full_state(peer, state) == 0);
  }
  SUBCASE("a key more") {
    state.insert(state.begin() + 500, make_value("new", "w", {2, 0, 9}));
    CHECK(s.full_state(peer, state) < 10);
    CHECK(s.get("new") == "w");
  }
  SUBCASE("keys less") {
    state.erase(state.begin() + 500, state.begin() + 600);
    CHECK(s.full_state(peer, state) < 10);
  }
  SUBCASE("many keys more in one place: the rest is read once") {
    const auto more = numbered(5'000, 6'000);
    state.insert(state.begin() + 500, more.begin(), more.end());
    CHECK(s.full_state(peer, state) > 1'000);
    CHECK(s.replica.size() == 2'000);
    s.full_state(peer, state);
    CHECK(s.full_state(peer, state) == 0);
  }
  SUBCASE("another order: all is read, and known then") {
    std::ranges::reverse(state);
    s.full_state(peer, state);
    CHECK(s.full_state(peer, state) == 0);
  }
}

TEST_CASE("what changed here is read again, and corrected") {
  Linked s(PeerKind::stock_without_delete);
  const auto state = known(s, 10);
  settle(s);
  s.set("k1003", "ours");
  settle(s);
  CHECK(s.full_state(peer, state) == 1);
  const auto corrections = s.sent();
  REQUIRE(corrections.size() == 1);
  REQUIRE(corrections.front().registers.size() == 1);
  CHECK(text_of(corrections.front().registers.front()) == "ours");
}

TEST_CASE("what a peer lost with its storage is not known any more") {
  Linked s(PeerKind::stock_without_delete);
  const auto state = known(s, 10);
  s.replica.peer_lost_data(peer);
  CHECK(s.full_state(peer, state) == 10);
}

TEST_CASE("after delete_all a state shows everything anew") {
  for (const PeerKind kind : kinds) {
    Linked s(kind);
    // Slots are given in the order of arrival: the last key has the first.
    auto state = numbered(0, 1'000);
    std::ranges::reverse(state);
    s.full_state(peer, state);
    std::ranges::reverse(state);
    s.full_state(peer, state);
    CHECK(s.full_state(peer, state) == 0);
    SUBCASE("between two states") {
      s.replica.clear(s.effects);
      CHECK(s.full_state(peer, state) == 1'000);
    }
    SUBCASE("while one is under way") {
      s.replica.begin_full_state(peer);
      s.replica.merge_full_state(peer, views({state.begin(), state.begin() + 300}), s.now,
                                 s.effects);
      s.replica.clear(s.effects);
      s.replica.merge_full_state(peer, views({state.begin() + 300, state.end()}), s.now, s.effects);
      s.replica.end_full_state(peer, s.now, s.effects);
      s.full_state(peer, state);
    }
    CHECK(s.replica.size() == 1'000);
    s.full_state(peer, state);
    CHECK(s.full_state(peer, state) == 0);
  }
}

TEST_CASE("a state that breaks off leaves what was known before") {
  Linked s(PeerKind::stock_without_delete);
  const auto state = known(s, 10);
  s.replica.begin_full_state(peer);
  CHECK(s.full_state(peer, state) == 0);
}

TEST_CASE("a stamp too far ahead for our clock is looked at each time") {
  Linked s(PeerKind::stock_without_delete);
  const std::vector<RegisterPtr> state{make_value("k", "v", s.stamp(3'600'000))};
  for (int i = 0; i < 4; ++i) CHECK(s.full_state(peer, state) == 1);
}

TEST_CASE("property: whether bytes are known from before changes nothing but the time it takes") {
  CHECK(rc::check("two replicas, one of which reads everything", [] {
    const PeerKind kind =
        *rc::gen::elementOf(std::vector<PeerKind>(std::begin(kinds), std::end(kinds)));
    Linked knows(kind);
    Linked reads(kind);
    std::map<int, RegisterPtr> held;  // by the peer
    const auto steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
      const int number = *rc::gen::inRange(0, 8);
      const std::string key = std::to_string(number);
      switch (*rc::gen::inRange(0, 8)) {
        case 0:
          held.erase(number);
          break;
        case 1:
        case 2:
          held[number] = make_value(key, std::to_string(i),
                                    {static_cast<std::uint64_t>(knows.now.wall_ms), 0, 9});
          break;
        case 3:
          for (Script* s : {&knows, &reads}) s->set(key, "o" + std::to_string(i));
          break;
        case 4:
          for (Script* s : {&knows, &reads}) s->erase(key);
          break;
        default: {
          const auto pass = *rc::gen::element(1, 3'000, 70'000);
          std::vector<RegisterPtr> state;
          for (const auto& [_, reg] : held) state.push_back(reg);
          for (Script* s : {&knows, &reads}) s->pass(pass);
          knows.full_state(peer, state);
          reads.replica.begin_full_state(peer);
          reads.replica.merge_full_state(peer, views(state), reads.now, reads.effects);
          reads.replica.end_full_state(peer, reads.now, reads.effects);
        }
      }
      RC_ASSERT(contents(knows.replica) == contents(reads.replica));
      RC_ASSERT(knows.announced() == reads.announced());
      const auto sent = [](Script& s) {
        std::vector<std::string> all;
        for (const SendTo& one : s.sent()) {
          for (const RegisterPtr& reg : one.registers) all.push_back(describe(*reg));
        }
        return all;
      };
      RC_ASSERT(sent(knows) == sent(reads));
    }
  }));
}
