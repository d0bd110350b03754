#include "store/fingerprint.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "cpp_tests/store/script.hpp"
#include "store/limits.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

std::uint64_t of(const RegisterPtr& reg) {
  return fingerprint(*reg, hash_key(reg->key(), {}));
}

// Every prefix of a few depths, recomputed from the registers that count.
void check_all(const RegisterMap& map, const std::set<std::string>& uncounted) {
  for (const unsigned depth : {0U, 4U, 8U, 12U}) {
    std::map<std::uint32_t, std::uint64_t> sums;
    map.for_each([&](Slot, const RegisterPtr& reg) {
      if (uncounted.contains(text_of(reg->key()))) return;
      const std::uint64_t hash = map.hash(reg->key());
      const std::uint64_t bits = depth == 0 ? 0 : hash >> (64 - depth) << (32 - depth);
      sums[static_cast<std::uint32_t>(bits)] += of(reg);
    });
    for (std::uint64_t i = 0; i < std::uint64_t{1} << depth; ++i) {
      const auto bits = static_cast<std::uint32_t>(depth == 0 ? 0 : i << (32 - depth));
      RC_ASSERT(map.fingerprint({depth, bits}) == (sums.contains(bits) ? sums[bits] : 0));
    }
  }
}

}  // namespace

TEST_CASE("a fingerprint covers key, value, stamp, kind and deadline") {
  const std::vector<RegisterPtr> different{
      make_value("a", "v", {5, 6, 7}),     make_value("b", "v", {5, 6, 7}),
      make_value("a", "v", {6, 6, 7}),     make_value("a", "v", {5, 7, 7}),
      make_value("a", "v", {5, 6, 8}),     make_value("a", "v", {5, 6, 7}, 9),
      make_value("a", "v", {5, 6, 7}, 10), make_tombstone("a", {5, 6, 7}),
      make_value("a", "w", {5, 6, 7}),     make_value("a", "w", {5, 6, 7}, 9),
  };
  std::set<std::uint64_t> seen;
  for (const RegisterPtr& reg : different) seen.insert(of(reg));
  CHECK(seen.size() == different.size());
  CHECK(of(make_value("a", "v", {5, 6, 7})) == of(different[0]));
}

TEST_CASE("each byte of a value counts, at any length") {
  for (const std::size_t size : {0U, 1U, 200U, 255U, 256U, 300U, 4'096U, 4'111U, 70'000U}) {
    const std::string value(size, 'v');
    std::set<std::uint64_t> seen{of(make_value("a", value, {5, 6, 7}))};
    CHECK(seen.contains(of(make_value("a", value, {5, 6, 7}))));
    std::size_t made = 1;
    for (std::size_t i = 0; i < size; i += 1 + size / 300, ++made) {
      std::string other = value;
      other[i] = 'w';
      seen.insert(of(make_value("a", other, {5, 6, 7})));
      // A deadline stands between the value and what is kept of it.
      seen.insert(of(make_value("a", other, {5, 6, 7}, 9)));
      ++made;
    }
    seen.insert(of(make_value("a", value + "v", {5, 6, 7})));
    CHECK(seen.size() == made + 1);
  }
}

TEST_CASE("a short fingerprint is 0 for nothing only, and another one with another salt") {
  CHECK(short_fingerprint(0, 1) == 0);
  std::set<std::uint32_t> seen;
  for (std::uint64_t i = 1; i < 1'000; ++i) {
    CHECK(short_fingerprint(i, 0) != 0);
    seen.insert(short_fingerprint(i, 0));
    CHECK(short_fingerprint(i, 0) != short_fingerprint(i, 1));
  }
  CHECK(seen.size() == 999);
}

TEST_CASE("property: kept register by register, fingerprints are those of what is held") {
  CHECK(rc::check("any writes, erases and clears", [] {
    RegisterMap map;
    std::set<std::string> uncounted;
    const int steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
      const std::string key = std::to_string(*rc::gen::inRange(0, 20));
      const std::uint64_t hash = map.hash(term(key));
      const auto found = map.lookup(term(key), hash);
      switch (*rc::gen::inRange(0, 20)) {
        case 0:
          map.clear();
          uncounted.clear();
          break;
        case 1:
        case 2:
        case 3:
          map.erase(term(key), hash);
          uncounted.erase(key);
          break;
        case 4:
        case 5:
          if (!found) break;
          map.uncount(found->slot);
          uncounted.insert(key);
          break;
        case 6:
        case 7:
          if (!found) break;
          map.count(found->slot);
          uncounted.erase(key);
          break;
        default:
          map.put(make_value(key, "v", {*rc::gen::inRange<std::uint64_t>(0, 9), 0, 1}), hash,
                  found);
          uncounted.erase(key);
      }
    }
    check_all(map, uncounted);
  }));
}

TEST_CASE("property: within a range are those whose hash is, by rising hash") {
  RegisterMap map;
  std::vector<std::uint64_t> hashes;
  for (int i = 0; i < 3'000; ++i) {
    const RegisterPtr reg = make_value("k" + std::to_string(i), "v", {1, 0, 1});
    hashes.push_back(map.hash(reg->key()));
    map.put(reg, hashes.back());
  }
  std::ranges::sort(hashes);
  CHECK(rc::check("any range", [&] {
    const auto end = [&] {
      const std::uint64_t near = hashes.at(*rc::gen::inRange<std::size_t>(0, hashes.size()));
      return near + *rc::gen::inRange<std::uint64_t>(0, 3) - 1;
    };
    HashRange range{end(), end()};
    if (range.from > range.to) std::swap(range.from, range.to);
    std::vector<std::uint64_t> expected;
    for (const std::uint64_t hash : hashes) {
      if (hash >= range.from && hash <= range.to) expected.push_back(hash);
    }
    std::vector<std::uint64_t> found;
    for (const auto& held : map.within(range)) found.push_back(held.hash);
    RC_ASSERT(found == expected);
  }));
  CHECK(map.within({}).size() == 3'000);
  CHECK(map.within({hashes[7], hashes[7]}).size() == 1);
}

TEST_CASE("a tombstone counts until its stamp is as old as its lifetime") {
  Script s;
  s.merge_tombstone("young", s.stamp(0));
  const std::uint64_t young = s.replica.registers().fingerprint({});
  CHECK(young != 0);
  // Still held, for the others to be corrected, but compared no more.
  s.merge("late", "v", s.stamp(-tombstone_ttl_ms_default - 5));
  s.merge_tombstone("late", s.stamp(-tombstone_ttl_ms_default));
  CHECK(s.held("late")->is_tombstone());
  CHECK(s.replica.registers().fingerprint({}) == young);
  s.merge("later", "v", s.stamp(-tombstone_ttl_ms_default - 5));
  s.merge_tombstone("later", s.stamp(-tombstone_ttl_ms_default + 10));
  CHECK(s.replica.registers().fingerprint({}) != young);
  CHECK(s.replica.next_wake_wall_ms() == s.now.wall_ms + 10);
  s.pass(10);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.registers().fingerprint({}) == young);
  CHECK(s.held("later") != nullptr);
  s.pass(tombstone_ttl_ms_default);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.registers().fingerprint({}) == 0);
  CHECK(s.held("later") == nullptr);
}

TEST_CASE("a node of ours that shows what an ancient tombstone deleted is told") {
  Script s;
  s.replica.peer_up(1, PeerKind::ours, s.now);
  s.replica.peer_up(2, PeerKind::stock_with_delete, s.now);
  const Timestamp old = s.stamp(-tombstone_ttl_ms_default - 5);
  s.merge("k", "v", old);
  s.merge_tombstone("k", s.stamp(-tombstone_ttl_ms_default));
  s.effects.clear();
  for (const PeerId from : {PeerId{0}, PeerId{1}, PeerId{2}}) {
    s.merge("k", "v", old, std::nullopt, from);
    CHECK(s.sent().size() == (from == 0 ? 0 : 1));
  }
}

TEST_CASE("tombstones older than the shortest lifetime are not compared, and again when it ends") {
  Script s;
  const auto compared = [&s] { return s.replica.registers().fingerprint({}); };
  s.merge_tombstone("young", s.stamp(-10'000));
  const std::uint64_t young = compared();
  s.merge_tombstone("old", s.stamp(-60'000));
  const std::uint64_t both = compared();
  CHECK(both != young);
  s.replica.compare_tombstones_for(45'000, s.now);
  CHECK(compared() == young);
  CHECK(s.replica.next_wake_wall_ms() == s.now.wall_ms + 35'000);
  s.merge_tombstone("older", s.stamp(-50'000));
  CHECK(compared() == young);
  // Kept all the same.
  CHECK(s.held("old")->is_tombstone());
  s.pass(35'000);
  s.replica.wake(s.now, s.effects);
  CHECK(compared() == 0);
  SUBCASE("longer") {
    s.replica.compare_tombstones_for(50'000, s.now);
    CHECK(compared() == young);
    s.replica.compare_tombstones_for(96'000, s.now);
    const std::uint64_t all = compared();
    CHECK(all != young);
    CHECK(all != both);
    s.replica.compare_tombstones_for(tombstone_ttl_ms_default, s.now);
    CHECK(compared() == all);
    s.replica.compare_tombstones_for(50'000, s.now);
    CHECK(compared() == young);
  }
  SUBCASE("longer than our own") {
    s.replica.compare_tombstones_for(INT64_MAX, s.now);
    CHECK(s.replica.next_wake_wall_ms() == s.now.wall_ms - 95'000 + s.replica.tombstone_ttl_ms());
  }
  SUBCASE("longer, when some are gone") {
    s.set("old", "v");
    s.replica.compare_tombstones_for(tombstone_ttl_ms_default, s.now);
    s.pass(tombstone_ttl_ms_default);
    s.replica.wake(s.now, s.effects);
    CHECK(s.held("young") == nullptr);
    CHECK(s.get("old") == "v");
  }
  SUBCASE("of values nothing changes") {
    s.set("k", "v");
    const std::uint64_t with_value = compared();
    s.replica.compare_tombstones_for(0, s.now);
    CHECK(compared() == with_value);
  }
}
