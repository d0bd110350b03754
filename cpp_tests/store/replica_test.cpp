// Writes and merging: groot-protocol section 5, rule by rule. Time is in replica_time_test.cpp,
// what peers show and lack in sync_test.cpp.
#include "store/replica.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "cpp_tests/store/script.hpp"

using namespace groot::store;
using namespace groot::store::testing;

TEST_CASE("a set is read back, announced to all and reported as a change") {
  Script s;
  s.set("k", "v");
  CHECK(s.get("k") == "v");
  CHECK(s.get("other") == "none");
  CHECK(s.replica.size() == 1);
  CHECK(s.announced() == Words{"k=v@1700000000000.0@0000000000000001 except 0"});
  REQUIRE(s.all<Changed>().size() == 1);
  CHECK(s.all<Changed>()[0].reg == s.all<SendToAll>()[0].reg);
  CHECK(s.effects.size() == 2);

  s.set("k", "w");
  CHECK(s.get("k") == "w");
  CHECK(s.replica.size() == 1);
}

TEST_CASE("a value is kept byte for byte, also the empty and the odd") {
  Script s;
  const Bytes value{255, 0, 131, 7};
  REQUIRE(s.replica.set(term("k"), value, std::nullopt, s.now, s.effects));
  CHECK(groot::ei_codec::same_bytes(s.replica.get(term("k"), s.now.wall_ms)->value(), value));
}

TEST_CASE("a delete is a write that leaves a tombstone, also of an unknown key") {
  Script s;
  s.set("k", "v");
  s.effects.clear();
  s.erase("k");
  CHECK(s.get("k") == "none");
  CHECK(s.replica.size() == 0);
  CHECK(s.announced() == Words{"k deleted@1700000000000.1@0000000000000001 except 0"});
  CHECK(s.all<Changed>().at(0).reg->is_tombstone());

  s.effects.clear();
  s.erase("never seen");
  CHECK(s.announced() == Words{"never seen deleted@1700000000000.2@0000000000000001 except 0"});
  CHECK(registers(s.replica).size() == 2);

  s.set("k", "back");
  CHECK(s.get("k") == "back");
  CHECK(s.replica.size() == 1);
}

TEST_CASE("limits are refused with a reason and change nothing") {
  Script s(ReplicaOptions{.node_id = 1, .value_bytes_max = 100});
  const auto refused = [&](std::size_t key, std::size_t value, std::optional<std::int64_t> expiry) {
    const auto result = s.replica.set(Bytes(key, 109), Bytes(value, 1), expiry, s.now, s.effects);
    return result ? std::error_code{} : result.error().code;
  };
  CHECK(refused(10, 101, std::nullopt) == make_error_code(store_errc::value_too_large));
  CHECK(refused(key_bytes_max + 1, 1, std::nullopt) == make_error_code(store_errc::key_too_large));
  CHECK(refused(10, 1, -1) == make_error_code(store_errc::bad_expiry));
  CHECK(refused(10, 1, expires_in_ms_max + 1) == make_error_code(store_errc::bad_expiry));
  const auto erased = s.replica.erase(Bytes(key_bytes_max + 1, 109), s.now, s.effects);
  REQUIRE_FALSE(erased);
  CHECK(erased.error().code == make_error_code(store_errc::key_too_large));
  CHECK_FALSE(erased.error().detail.empty());
  CHECK(s.effects.empty());
  CHECK(registers(s.replica).empty());

  CHECK_FALSE(refused(10, 100, std::nullopt));
  CHECK_FALSE(refused(key_bytes_max, 1, std::nullopt));
  CHECK_FALSE(refused(11, 1, expires_in_ms_max));
  CHECK_FALSE(refused(12, 1, 0));
  CHECK(s.replica.erase(Bytes(key_bytes_max, 109), s.now, s.effects));
}

TEST_CASE("the later stamp wins a merge, which is passed on to nobody") {
  Script s;
  const auto first = s.merge("k", "new", s.stamp(100));
  CHECK(first.changed);
  CHECK_FALSE(first.ours_is_newer);
  CHECK(s.all<Changed>().size() == 1);
  CHECK(s.announced().empty());

  s.effects.clear();
  const auto older = s.merge("k", "old", s.stamp(99));
  CHECK_FALSE(older.changed);
  CHECK(older.ours_is_newer);
  const auto same = s.merge("k", "new", s.stamp(100));
  CHECK_FALSE(same.changed);
  CHECK_FALSE(same.ours_is_newer);
  CHECK(s.effects.empty());
  CHECK(s.get("k") == "new");

  CHECK(s.merge("k", "by node id", s.stamp(100, 3)).changed);
  CHECK(s.get("k") == "by node id");
  CHECK(s.merge_tombstone("k", s.stamp(101)).changed);
  CHECK(s.get("k") == "none");
  CHECK(s.merge("k", "late", s.stamp(100, 9)).ours_is_newer);
  CHECK(s.get("k") == "none");
}

TEST_CASE(
    "a local write is above what is held, however far ahead that is, and drags no other key") {
  Script s;
  const std::int64_t year = 365LL * 86'400'000;
  s.merge("k", "from the future", s.stamp(year));
  s.set("k", "mine");
  CHECK(s.get("k") == "mine");
  CHECK(s.held("k")->stamp() > s.stamp(year));
  s.erase("k");
  CHECK(s.get("k") == "none");
  s.set("other", "v");
  CHECK(s.held("other")->stamp() == s.stamp(0, 1));

  // Within the bound the clock follows.
  s.merge("near", "v", s.stamp(drift_max_ms));
  s.set("third", "v");
  CHECK(s.held("third")->stamp() > s.stamp(drift_max_ms));
}

TEST_CASE("a slow clock loses no write: what is merged moves it") {
  Script s;
  s.merge("k", "theirs", s.stamp(60'000));
  s.set("k", "ours");
  CHECK(s.get("k") == "ours");
  CHECK_FALSE(s.merge("k", "theirs", s.stamp(60'000)).changed);
}

TEST_CASE("drift beyond the bound is reported once a peer an hour, and merged all the same") {
  Script s;
  s.merge("a", "v", s.stamp(drift_max_ms), std::nullopt, 5);
  CHECK(s.reports(Report::Cause::drift_ahead).empty());
  CHECK(s.merge("a", "w", s.stamp(drift_max_ms + 1), std::nullopt, 5).changed);
  CHECK(s.merge("b", "w", s.stamp(drift_max_ms + 9), std::nullopt, 5).changed);
  REQUIRE(s.reports(Report::Cause::drift_ahead).size() == 1);
  CHECK(
      s.reports(Report::Cause::drift_ahead)[0].detail ==
      "sent stamp 1700000300001.0@0000000000000002, 300001 ms ahead of our wall time; merged, our "
      "clock is not moved");
  CHECK(s.reports(Report::Cause::drift_ahead)[0].peer == 5);
  s.merge("c", "w", s.stamp(drift_max_ms + 9), std::nullopt, 6);
  CHECK(s.reports(Report::Cause::drift_ahead).size() == 2);
  s.now.monotonic_ms += 3'599'999;
  s.merge("d", "w", s.stamp(drift_max_ms + 9), std::nullopt, 5);
  CHECK(s.reports(Report::Cause::drift_ahead).size() == 2);
  s.now.monotonic_ms += 1;
  s.merge("e", "w", s.stamp(drift_max_ms + 9), std::nullopt, 5);
  CHECK(s.reports(Report::Cause::drift_ahead).size() == 3);
}

TEST_CASE("the clock answers Groot.Clock and learns from ClockSync") {
  Script s;
  CHECK(s.replica.send_timestamp(s.now) == s.stamp(0, 1));
  CHECK(s.replica.receive_timestamp(s.stamp(1'000), s.now).advanced);
  CHECK(s.replica.send_timestamp(s.now) > s.stamp(1'000));
  CHECK(s.replica.receive_timestamp(s.stamp(drift_max_ms + 1), s.now).rejected);
  s.set("k", "v");
  CHECK(s.held("k")->stamp().time_ms == s.stamp(1'000).time_ms);
}

TEST_CASE("clear forgets everything, tells listeners but no peer, and keeps the clock") {
  Script s;
  s.set("a", "1");
  s.set("b", "2", 50);
  s.erase("c");
  const Timestamp before = s.held("c")->stamp();
  s.effects.clear();
  s.replica.clear(s.effects);
  CHECK(s.replica.size() == 0);
  CHECK(registers(s.replica).empty());
  CHECK(s.get("a") == "none");
  CHECK_FALSE(s.replica.next_wake_wall_ms());
  CHECK(s.announced().empty());
  Words gone;
  for (const auto& change : s.all<Changed>()) {
    CHECK(change.reg->is_tombstone());
    gone.push_back(text_of(change.reg->key()));
  }
  std::ranges::sort(gone);
  CHECK(gone == Words{"a", "b"});

  s.set("a", "new");
  CHECK(s.held("a")->stamp() > before);
  s.pass(50);
  s.effects.clear();
  s.replica.wake(s.now, s.effects);
  CHECK(s.effects.empty());
  CHECK(s.get("a") == "new");
}

TEST_CASE("a list key is kept, announced and reported once") {
  Script s;
  const Bytes key = list_term("abc");
  REQUIRE(s.replica.set(key, term("v"), std::nullopt, s.now, s.effects));
  REQUIRE(s.replica.set(key, term("w"), std::nullopt, s.now, s.effects));
  CHECK(text_of(s.replica.get(key, s.now.wall_ms)) == "w");
  CHECK(s.all<SendToAll>().size() == 2);
  CHECK(s.all<SendToAll>()[0].reg->key_is_list());
  const auto reports = s.reports(Report::Cause::list_key);
  REQUIRE(reports.size() == 1);
  CHECK(groot::ei_codec::same_bytes(reports[0].reg->key(), key));
}
