#include "cnode/process/registers_reader.hpp"

#include "cnode/process/term_append.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

void append_pair(Bytes& out, std::string_view key, std::string_view value) {
  append_bytes(out, encoded(key));
  append_register(*store::Register::make({encoded(key),
                                          encoded(value),
                                          {1'700'000'000'000, 3, 7},
                                          store::RegisterKind::value,
                                          std::nullopt}),
                  out);
}

TEST_CASE("registers come in batches; the malformed ones among them are left out and counted") {
  constexpr std::uint32_t count = 3 * store::merge_batch_max + 7;
  std::vector<std::string> expected;
  Bytes bytes;
  append_map(bytes, count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string key = "{k," + std::to_string(i * 100) + "}";
    if (i % 10 == 3) {
      append_bytes(bytes, encoded(key));
      append_bytes(bytes, encoded("#{key => k, hlc => nonsense}"));
      continue;
    }
    append_pair(bytes, key, std::to_string(i));
    expected.push_back(key + " " + std::to_string(i));
  }
  TermReader reader(ScannedTerm::trusted(bytes));
  REQUIRE(reader.take_map() == count);
  RegistersReader registers(reader, count);
  std::vector<std::string> read;
  for (auto batch = registers.next(); !batch.empty(); batch = registers.next()) {
    CHECK(batch.size() <= store::merge_batch_max);
    for (const store::RegisterView& reg : batch)
      read.push_back(text(reg.key) + " " + text(reg.value));
  }
  CHECK(read == expected);
  CHECK(registers.left() == 0);
  CHECK(registers.malformed() == count - expected.size());
  CHECK_FALSE(registers.first_error().text().empty());
}

TEST_CASE("what need not be read is passed over, and the rest says what it came as") {
  std::vector<Bytes> came;
  Bytes bytes;
  append_map(bytes, 6);
  for (int i = 0; i < 6; ++i) {
    Bytes pair;
    append_pair(pair, "k" + std::to_string(i), std::to_string(i));
    append_bytes(bytes, pair);
    came.push_back(std::move(pair));
  }
  TermReader reader(ScannedTerm::trusted(bytes));
  REQUIRE(reader.take_map() == 6U);
  // The first two, and the last.
  const auto repeated = [&](ByteView ahead, std::size_t place, std::size_t count_max) {
    CHECK(count_max == 6 - place);
    CHECK(ei_codec::same_bytes(ahead.first(came[place].size()), came[place]));
    if (place == 0) return store::Repeated{2, came[0].size() + came[1].size()};
    return place == 5 ? store::Repeated{1, came[5].size()} : store::Repeated();
  };
  RegistersReader registers(reader, 6, repeated);
  const auto batch = registers.next();
  const auto pairs = registers.pairs();
  REQUIRE(batch.size() == 3);
  REQUIRE(pairs.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(text(batch[i].key) == "k" + std::to_string(i + 2));
    CHECK(pairs[i].place == i + 2);
    CHECK(ei_codec::same_bytes(pairs[i].bytes, came[i + 2]));
  }
  CHECK(registers.next().empty());
}

TEST_CASE("no more registers are expected than the bytes can hold") {
  Bytes bytes;
  append_map(bytes, 2);
  append_pair(bytes, "a", "1");
  append_pair(bytes, "b", "2");
  TermReader reader(ScannedTerm::trusted(bytes));
  REQUIRE(reader.take_map() == 2U);
  CHECK(RegistersReader(reader, 2).left() == 2);
  CHECK(RegistersReader(reader, 1'000'000).left() <= 4);
}

TEST_CASE("the key in the register counts, not the one before it") {
  Bytes bytes;
  append_map(bytes, 1);
  append_bytes(bytes, encoded("before"));
  append_register(
      *store::Register::make(
          {encoded("inside"), encoded("v"), {5, 3, 7}, store::RegisterKind::value, std::nullopt}),
      bytes);
  TermReader reader(ScannedTerm::trusted(bytes));
  REQUIRE(reader.take_map() == 1U);
  RegistersReader registers(reader, 1);
  const auto batch = registers.next();
  REQUIRE(batch.size() == 1);
  CHECK(text(batch.front().key) == "inside");
  CHECK(registers.next().empty());
}

}  // namespace
}  // namespace groot::process
