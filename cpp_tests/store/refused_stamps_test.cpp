// The end of the stamp range: what is beyond is refused, and nobody is told that a write was made
// that no stamp could carry.
#include <string>

#include "cpp_tests/store/linked_script.hpp"
#include "store/limits.hpp"
#include "store/store_error.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {
constexpr Timestamp last_of_all{stamp_time_ms_end - 1, 65535, 9};
}  // namespace

TEST_CASE("a register stamped after 2200 is refused, counted, and reported once an hour a peer") {
  Script s;
  CHECK_FALSE(s.merge("a", "v", {stamp_time_ms_end, 0, 9}, std::nullopt, 5).changed);
  CHECK_FALSE(s.merge("b", "v", {time_ms_max, 65535, 9}, std::nullopt, 5).changed);
  CHECK_FALSE(s.merge_tombstone("c", {stamp_time_ms_end + 1, 0, 9}, 5).changed);
  CHECK(s.replica.size() == 0);
  CHECK(s.replica.refused_stamps() == 3);
  REQUIRE(s.reports(Report::Cause::stamp_refused).size() == 1);
  CHECK(s.reports(Report::Cause::stamp_refused)[0].detail ==
        "sent 1 register stamped after the year 2200, refused: 7258118400000.0@0000000000000009");
  CHECK(s.reports(Report::Cause::stamp_refused)[0].peer == 5);
  s.merge("a", "v", {stamp_time_ms_end, 0, 9}, std::nullopt, 6);
  CHECK(s.reports(Report::Cause::stamp_refused).size() == 2);
  s.pass(3'600'000);
  s.merge("a", "v", {stamp_time_ms_end, 0, 9}, std::nullopt, 5);
  REQUIRE(s.reports(Report::Cause::stamp_refused).size() == 3);
  CHECK(s.reports(Report::Cause::stamp_refused)[2].detail.starts_with("sent 3 registers"));
}

TEST_CASE("what stands just before is taken in; writes above it are errors, never ok") {
  Script s;
  CHECK(s.merge("a", "v", last_of_all).changed);
  const auto set = s.replica.set(term("a"), term("w"), std::nullopt, s.now, s.effects);
  REQUIRE_FALSE(set);
  CHECK(set.error().code == store_errc::clock_exhausted);
  const auto erased = s.replica.erase(term("a"), s.now, s.effects);
  REQUIRE_FALSE(erased);
  CHECK(erased.error().code == store_errc::clock_exhausted);
  CHECK(s.get("a") == "v");
  // A delete without a stamp stands just above what it deletes: there is room for that.
  s.replica.delete_unstamped(5, term("a"), s.now, s.effects);
  CHECK(s.get("a") == "none");
  // Other keys are as they were.
  s.set("b", "1");
  CHECK(s.held("b")->stamp() == s.stamp(0, 1));
}

TEST_CASE("the last value of all expires, and every node takes the tombstone of it in") {
  const Timestamp full{stamp_time_ms_end - 1, 65535, ~std::uint64_t{0}};
  Script a;
  Script b(2);
  a.merge("k", "v", full, wall_start_ms + 100);
  b.merge("k", "v", full, wall_start_ms + 100);
  a.pass(100);
  a.replica.wake(a.now, a.effects);
  CHECK(a.description("k") == "k deleted@7258118400000.0@0000000000000000");
  CHECK(b.replica.merge(1, a.held("k")->view(), b.now, b.effects).changed);
  CHECK(contents(a.replica) == contents(b.replica));
}

TEST_CASE("a peer that shows an absurd version has the key: that is no delete") {
  Linked s(PeerKind::stock_with_delete);
  s.set("k", "v");
  const auto state = registers(s.replica);
  settle(s);
  s.full_state(peer, state);
  s.effects.clear();
  s.pass(5'000);
  s.full_state(peer, {make_value("k", "w", {stamp_time_ms_end, 0, 9})});
  CHECK(s.get("k") == "v");
  CHECK(s.announced().empty());
  CHECK(s.sent().empty());
}

TEST_CASE("a clock that is past 2200 issues nothing") {
  Script s;
  s.now.wall_ms = static_cast<std::int64_t>(stamp_time_ms_end);
  CHECK(s.replica.send_timestamp(s.now) == std::nullopt);
  const auto set = s.replica.set(term("a"), term("w"), std::nullopt, s.now, s.effects);
  REQUIRE_FALSE(set);
  CHECK(set.error().code == store_errc::clock_exhausted);
}
