#include "cnode/process/timestamp_codec.hpp"

#include <algorithm>

#include "cnode/process/process_error.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

Result<store::Timestamp> read(std::string_view term) {
  const Bytes bytes = encoded(term);
  ei_codec::TermReader reader(ScannedTerm::trusted(bytes));
  auto stamp = read_timestamp(reader);
  if (stamp) CHECK(reader.done());
  return stamp;
}

std::string stamp(std::string_view time, std::string_view counter, std::string_view node_id) {
  return "#{'__struct__' => 'Elixir.HLClock.Timestamp', time => " + std::string(time) +
         ", counter => " + std::string(counter) + ", node_id => " + std::string(node_id) + "}";
}

TEST_CASE("a stamp is read back as it was written") {
  for (const store::Timestamp& written :
       {store::Timestamp{}, store::Timestamp{1'700'000'000'000, 7, 0xfedc'ba98'7654'3210},
        store::Timestamp{store::time_ms_max, 0xffff, ~std::uint64_t{0}}}) {
    Bytes bytes;
    append_timestamp(written, bytes);
    ei_codec::TermReader reader(ScannedTerm::trusted(bytes));
    const auto stamp = read_timestamp(reader);
    REQUIRE(stamp);
    CHECK(*stamp == written);
    CHECK(reader.done());
  }
}

TEST_CASE("pairs may come in any order") {
  const auto stamp =
      read("#{node_id => 3, time => 1, '__struct__' => 'Elixir.HLClock.Timestamp', counter => 2}");
  REQUIRE(stamp);
  CHECK(*stamp == store::Timestamp{1, 2, 3});
}

TEST_CASE("48, 16 and 64 bits: the limits, just below and just above") {
  CHECK(read(stamp("281474976710655", "65535", "18446744073709551615")));
  for (const std::string& bad :
       {stamp("281474976710656", "0", "0"), stamp("-1", "0", "0"), stamp("0", "65536", "0"),
        stamp("0", "-1", "0"), stamp("0", "0", "18446744073709551616"), stamp("0", "0", "-1"),
        stamp("1.0", "0", "0"), stamp("a", "0", "0")}) {
    const auto refused = read(bad);
    REQUIRE_MESSAGE(!refused, bad);
    CHECK(refused.error().code == process_errc::bad_timestamp);
  }
}

TEST_CASE("other shapes are no stamps") {
  for (const std::string_view bad :
       {"1", "{}", "#{}", "#{time => 1, counter => 2, node_id => 3}",
        "#{'__struct__' => 'Elixir.Date', time => 1, counter => 2, node_id => 3}",
        "#{'__struct__' => 'Elixir.HLClock.Timestamp', time => 1, counter => 2, more => 3}",
        "#{'__struct__' => 'Elixir.HLClock.Timestamp', time => 1, counter => 2, <<\"x\">> => 3}"}) {
    CHECK_FALSE(read(bad));
  }
  // The same field twice, as only bytes can say it.
  Bytes twice;
  append_timestamp({1, 2, 3}, twice);
  const std::string counter = "counter";
  auto found = std::search(twice.begin(), twice.end(), counter.begin(), counter.end());
  REQUIRE(found != twice.end());
  std::ranges::copy(std::string("node_id"), found);
  ei_codec::TermReader reader(ScannedTerm::trusted(twice));
  CHECK_FALSE(read_timestamp(reader));
}

}  // namespace
}  // namespace groot::process
