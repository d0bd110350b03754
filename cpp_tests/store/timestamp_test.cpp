#include "store/timestamp.hpp"

#include <limits>

#include <doctest/doctest.h>

using namespace groot::store;

TEST_CASE("stamps order by time, then counter, then node id") {
  CHECK(Timestamp{1, 9, 9} < Timestamp{2, 0, 0});
  CHECK(Timestamp{1, 1, 9} < Timestamp{1, 2, 0});
  CHECK(Timestamp{1, 1, 1} < Timestamp{1, 1, 2});
  CHECK(Timestamp{1, 1, 1} == Timestamp{1, 1, 1});
  CHECK(Timestamp{1, 1, std::numeric_limits<std::uint64_t>::max()} > Timestamp{1, 1, 1});
}

TEST_CASE("just_above leaves no stamp between") {
  constexpr auto node_max = std::numeric_limits<std::uint64_t>::max();
  CHECK(just_above({5, 7, 3}) == Timestamp{5, 7, 4});
  CHECK(just_above({5, 7, node_max - 1}) == Timestamp{5, 7, node_max});
  CHECK(just_above({5, 7, node_max}) == Timestamp{5, 8, 0});
  CHECK(just_above({5, 65535, node_max}) == Timestamp{6, 0, 0});
  CHECK(just_above({time_ms_max - 1, 65535, node_max}) == Timestamp{time_ms_max, 0, 0});
  CHECK(just_above({time_ms_max, 65535, node_max}) == Timestamp{time_ms_max, 65535, node_max});
}

TEST_CASE("a stamp as text") {
  CHECK(to_text({1700000000000, 3, 255}) == "1700000000000.3@00000000000000ff");
  CHECK(to_text({0, 0, 0}) == "0.0@0000000000000000");
  CHECK(to_text({time_ms_max, 65535, std::numeric_limits<std::uint64_t>::max()}) ==
        "281474976710655.65535@ffffffffffffffff");
}
