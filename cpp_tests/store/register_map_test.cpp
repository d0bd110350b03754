#include "store/register_map.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "cpp_tests/store/script.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

Slot put(RegisterMap& map, const RegisterPtr& reg) {
  return map.put(reg, map.hash(reg->key()));
}
void erase(RegisterMap& map, const Bytes& key) {
  map.erase(key, map.hash(key));
}

}  // namespace

TEST_CASE("a map finds what was put, replaces it in its slot, and forgets what was erased") {
  RegisterMap map;
  CHECK(map.size() == 0);
  CHECK(map.find(term("a")) == nullptr);
  const RegisterPtr first = make_value("a", "1", {1, 0, 1});
  const Slot slot = put(map, first);
  CHECK(map.find(term("a")) == first);
  CHECK(map.at(slot) == first.get());
  CHECK(map.size() == 1);

  const RegisterPtr second = make_value("a", "2", {2, 0, 1});
  CHECK(put(map, second) == slot);
  CHECK(map.find(term("a")) == second);
  CHECK(map.size() == 1);
  const auto found = map.lookup(term("a"), map.hash(term("a")));
  REQUIRE(found);
  CHECK(found->slot == slot);
  CHECK(found->reg == second.get());
  CHECK_FALSE(map.lookup(term("b"), map.hash(term("b"))));

  erase(map, term("b"));
  CHECK(map.size() == 1);
  erase(map, term("a"));
  CHECK(map.size() == 0);
  CHECK(map.find(term("a")) == nullptr);
  CHECK(map.at(slot) == nullptr);
  CHECK(map.at(slot + 100'000) == nullptr);
}

TEST_CASE("slots are dense and used again") {
  RegisterMap map;
  std::set<Slot> slots;
  for (int i = 0; i < 10'000; ++i) {
    slots.insert(put(map, make_value("k" + std::to_string(i), "v", {1, 0, 1})));
  }
  CHECK(slots.size() == 10'000);
  CHECK(*slots.rbegin() == 9'999);
  CHECK(map.slot_end() == 10'000);
  erase(map, term("k5000"));
  CHECK(put(map, make_value("new", "v", {1, 0, 1})) < 10'000);
  CHECK(map.slot_end() == 10'000);
  map.clear();
  CHECK(map.slot_end() == 0);
  CHECK(map.size() == 0);
  CHECK(map.find(term("k1")) == nullptr);
  CHECK(put(map, make_value("k1", "again", {1, 0, 1})) == 0);
  CHECK(text_of(map.find(term("k1"))) == "again");
}

TEST_CASE("a register lives as long as somebody holds it") {
  RegisterMap map;
  put(map, make_value("k", "old", {1, 0, 1}));
  const RegisterPtr held = map.find(term("k"));
  put(map, make_value("k", "new", {2, 0, 1}));
  CHECK(text_of(held) == "old");
  const RegisterPtr second = map.find(term("k"));
  erase(map, term("k"));
  CHECK(text_of(second) == "new");
  put(map, make_value("k", "third", {3, 0, 1}));
  const RegisterPtr third = map.find(term("k"));
  map.clear();
  CHECK(text_of(third) == "third");
}

TEST_CASE("the empty key and keys that share a hash are kept apart") {
  RegisterMap map;
  const Bytes empty;
  put(map, Register::make({}));
  CHECK(map.find(empty) != nullptr);
  // One hash for all: what a collision of all 64 bits would do.
  constexpr std::uint64_t same = 42;
  for (int i = 0; i < 50; ++i) {
    map.put(make_value("c" + std::to_string(i), std::to_string(i), {1, 0, 1}), same);
  }
  for (int i = 0; i < 50; i += 2) map.erase(term("c" + std::to_string(i)), same);
  for (int i = 0; i < 50; ++i) {
    const auto found = map.lookup(term("c" + std::to_string(i)), same);
    REQUIRE(found.has_value() == (i % 2 == 1));
    if (found) CHECK(text_of(found->reg->value()) == std::to_string(i));
  }
}

TEST_CASE("property: the map is a map") {
  CHECK(rc::check("random puts, erases and reserves against std::map", [] {
    RegisterMap map;
    std::map<std::string, std::string> model;
    const auto steps = *rc::gen::inRange(0, 400);
    for (int i = 0; i < steps; ++i) {
      const std::string key = std::to_string(*rc::gen::inRange(0, 60));
      // A few hashes only, so that probes are long and erasing has gaps to close.
      const std::uint64_t hash = std::stoull(key) % 7;
      if (*rc::gen::inRange(0, 20) == 0) map.reserve(*rc::gen::inRange<std::size_t>(0, 20'000));
      if (*rc::gen::inRange(0, 3) == 0) {
        map.erase(term(key), hash);
        model.erase(key);
      } else {
        map.put(make_value(key, std::to_string(i), {1, 0, 1}), hash);
        model[key] = std::to_string(i);
      }
      RC_ASSERT(map.size() == model.size());
    }
    for (int k = 0; k < 60; ++k) {
      const std::string key = std::to_string(k);
      const auto found = map.lookup(term(key), std::stoull(key) % 7);
      const auto expected = model.find(key);
      RC_ASSERT(found.has_value() == (expected != model.end()));
      if (found) RC_ASSERT(text_of(found->reg->value()) == expected->second);
    }
    std::map<std::string, std::string> visited;
    map.for_each([&](Slot slot, const RegisterPtr& reg) {
      RC_ASSERT(map.at(slot) == reg.get());
      visited[text_of(reg->key())] = text_of(reg->value());
    });
    RC_ASSERT(visited == model);
  }));
}
