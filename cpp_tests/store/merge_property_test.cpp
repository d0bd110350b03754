// The laws of merging, on whole replicas: whatever arrives, in whatever order, however often.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "cpp_tests/store/script.hpp"
#include "store/replica.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

using State = std::vector<RegisterPtr>;

// Few keys, stamps and values, so that nearly everything collides; deadlines on both sides of now;
// node ids side by side, so that just_above of one write is the stamp of another.
rc::Gen<RegisterPtr> any_register() {
  return rc::gen::exec([] {
    const std::string key = *rc::gen::element<std::string>("a", "b");
    const Timestamp stamp{
        static_cast<std::uint64_t>(wall_start_ms + *rc::gen::inRange<std::int64_t>(-2, 2)),
        *rc::gen::inRange<std::uint16_t>(0, 2), *rc::gen::inRange<std::uint64_t>(1, 4)};
    if (*rc::gen::inRange(0, 4) == 0) return make_tombstone(key, stamp);
    std::optional<std::int64_t> deadline;
    if (*rc::gen::arbitrary<bool>()) {
      deadline = wall_start_ms + *rc::gen::inRange<std::int64_t>(-1, 2);
    }
    return make_value(key, *rc::gen::element<std::string>("x", "y"), stamp, deadline);
  });
}

State merged(const std::vector<State>& parts) {
  Script s;
  for (const State& part : parts) {
    for (const RegisterPtr& reg : part) s.replica.merge(0, reg->view(), s.now, s.effects);
  }
  return registers(s.replica);
}

Contents words(const State& state) {
  Contents all;
  for (const auto& reg : state) all[Bytes(reg->key().begin(), reg->key().end())] = describe(*reg);
  return all;
}

}  // namespace

TEST_CASE("property: merging is commutative, associative and idempotent") {
  CHECK(rc::check("any order, any grouping, any number of times", [] {
    const auto a = *rc::gen::container<State>(any_register());
    const auto b = *rc::gen::container<State>(any_register());
    const auto c = *rc::gen::container<State>(any_register());
    const Contents once = words(merged({a, b, c}));
    RC_ASSERT(words(merged({c, b, a})) == once);
    RC_ASSERT(words(merged({merged({a, b}), c})) == once);
    RC_ASSERT(words(merged({a, merged({b, c})})) == once);
    RC_ASSERT(words(merged({a, b, c, b, a})) == once);
    State reversed = a;
    std::ranges::reverse(reversed);
    RC_ASSERT(words(merged({reversed})) == words(merged({a})));
  }));
}

TEST_CASE("property: what a merge reports is what it did") {
  CHECK(rc::check("changed and ours_is_newer", [] {
    Script s;
    for (const auto& reg : *rc::gen::container<State>(any_register())) {
      const Contents before = contents(s.replica);
      const RegisterPtr held = s.held(text_of(reg->key()));
      s.effects.clear();
      const auto outcome = s.replica.merge(3, reg->view(), s.now, s.effects);
      RC_ASSERT(outcome.changed == (contents(s.replica) != before));
      RC_ASSERT(outcome.changed == !s.all<Changed>().empty());
      RC_ASSERT(!(outcome.changed && outcome.ours_is_newer));
      if (outcome.ours_is_newer) RC_ASSERT(held->stamp() > reg->stamp());
      if (!outcome.changed && held->stamp() > reg->stamp()) RC_ASSERT(outcome.ours_is_newer);
    }
  }));
}

TEST_CASE("property: replicas that exchange random subsets in random order converge") {
  CHECK(rc::check("n replicas with clocks of their own", [] {
    const auto count = *rc::gen::inRange<std::size_t>(2, 6);
    std::vector<std::unique_ptr<Script>> nodes;
    for (std::size_t i = 0; i < count; ++i) {
      nodes.push_back(std::make_unique<Script>(i + 1));
      nodes[i]->now.wall_ms += *rc::gen::inRange<std::int64_t>(-200'000, 200'000);
    }
    const auto exchange = [&](std::size_t from, std::size_t to, int percent) {
      State state = registers(nodes[from]->replica);
      for (std::size_t i = state.size(); i > 1; --i) {
        std::swap(state[i - 1], state[*rc::gen::inRange<std::size_t>(0, i)]);
      }
      for (const auto& reg : state) {
        if (*rc::gen::inRange(0, 100) >= percent) continue;
        nodes[to]->replica.merge(from + 1, reg->view(), nodes[to]->now, nodes[to]->effects);
      }
    };
    const auto steps = *rc::gen::inRange(0, 40);
    for (int i = 0; i < steps; ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, count);
      Script& node = *nodes[at];
      const std::string key = *rc::gen::element<std::string>("a", "b", "c");
      switch (*rc::gen::inRange(0, 5)) {
        case 0:
          node.erase(key);
          break;
        case 1:
          node.set(key, std::to_string(i), *rc::gen::inRange<std::int64_t>(0, 500));
          break;
        case 2:
          for (auto& each : nodes) each->pass(*rc::gen::inRange(0, 300));
          node.replica.wake(node.now, node.effects);
          break;
        case 3:
          exchange(at, *rc::gen::inRange<std::size_t>(0, count), 50);
          break;
        default:
          node.set(key, std::to_string(i));
      }
    }
    // Past every deadline on every clock, so that expiry has nothing left to say.
    for (auto& node : nodes) {
      node->pass(1'000'000);
      node->replica.wake(node->now, node->effects);
    }
    for (std::size_t to = 1; to < count; ++to) exchange(0, to, 100);
    for (std::size_t from = 1; from < count; ++from) exchange(from, 0, 100);
    for (std::size_t to = 1; to < count; ++to) exchange(0, to, 100);
    for (std::size_t i = 1; i < count; ++i) {
      RC_ASSERT(contents(nodes[i]->replica) == contents(nodes[0]->replica));
      RC_ASSERT(nodes[i]->replica.size() == nodes[0]->replica.size());
    }
  }));
}
