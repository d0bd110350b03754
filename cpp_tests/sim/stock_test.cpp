// The model of stock Groot has stock's faults: what erlang_tests/stand_in_SUITE shows of the
// stand-in, as far as a node of ours can meet it.
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "cpp_tests/sim/stock_clock.hpp"
#include "cpp_tests/sim/stock_storage.hpp"
#include "ei_codec/term_encode.hpp"

using namespace groot::sim;
using groot::store::Timestamp;

namespace {

constexpr Ms start = 1'700'000'000'000;
constexpr Ms six_minutes = 360'000;

Bytes text(std::string_view value) {
  return encode_term(groot::ei_codec::binary(value));
}

// What a node of ours adds to a register, here of any shape.
StockRegister with_extra(const Timestamp& stamp) {
  StockRegister reg{text("k"), text("with extra"), stamp, {}, 1};
  reg.extra = encode_term(groot::ei_codec::atom("Elixir.Groot.Cpp"));
  const Bytes value = text("extra");
  reg.extra.insert(reg.extra.end(), value.begin(), value.end());
  return reg;
}

}  // namespace

TEST_CASE("the clock: 1.0.0 refuses after a pause, 1.1.0 does not; neither goes back") {
  StockClock old_clock(true, 1, start);
  StockClock new_clock(false, 1, start);
  CHECK_FALSE(old_clock.send(start + six_minutes));
  CHECK(new_clock.send(start + six_minutes) == Timestamp{start + six_minutes, 0, 1});
  CHECK(new_clock.send(start + six_minutes - 1'000) == Timestamp{start + six_minutes, 1, 1});
  CHECK(old_clock.send(start) == Timestamp{start, 1, 1});
  // Wall time that jumped back by more than the bound: 1.1.0 refuses, 1.0.0 counts on.
  CHECK_FALSE(new_clock.send(start));
  CHECK(old_clock.send(start - six_minutes) == Timestamp{start, 2, 1});
}

TEST_CASE("the clock follows a stamp inside the bound and no other") {
  StockClock clock(false, 1, start);
  clock.receive({start + 10'000, 7, 2}, start);
  CHECK(clock.send(start) == Timestamp{start + 10'000, 9, 1});
  clock.receive({start + six_minutes, 0, 2}, start);
  CHECK(clock.send(start) == Timestamp{start + 10'000, 10, 1});
}

TEST_CASE("of equal stamps a single update replaces what is held, a full state does not") {
  StockStorage storage;
  const Timestamp stamp{5, 0, 1};
  storage.update({text("k"), text("first"), stamp, {}, 0});
  storage.merge({text("k"), text("second"), stamp, {}, 0});
  CHECK(storage.find(text("k"))->value == text("first"));
  storage.update({text("k"), text("third"), stamp, {}, 0});
  CHECK(storage.find(text("k"))->value == text("third"));
  storage.update({text("k"), text("older"), {4, 9, 9}, {}, 0});
  CHECK(storage.find(text("k"))->value == text("third"));
}

TEST_CASE("an extra pair stays when a set replaces value and stamp, whichever is later") {
  StockStorage storage;
  storage.update(with_extra({5, 0, 1}));
  storage.set(text("k"), text("mine"), {3, 0, 2});
  const StockRegister& held = *storage.find(text("k"));
  CHECK(held.stamp == Timestamp{3, 0, 2});
  CHECK(held.extra == with_extra({}).extra);
  // And it travels.
  const Bytes update = StockStorage::encode_update(held);
  groot::ei_codec::TermReader reader(groot::ei_codec::ScannedTerm::trusted(update));
  reader.take_tuple();
  reader.take_atom("$gen_cast");
  reader.take_tuple();
  REQUIRE(reader.take_atom("update_register"));
  const auto read = read_stock_register(reader);
  REQUIRE(read);
  CHECK(read->extra == held.extra);
  CHECK(read->value == held.value);
  CHECK(read->stamp == held.stamp);
}

TEST_CASE("a state of more than 32 keys has them in another order than a smaller one") {
  StockStorage storage;
  const auto shown = [&storage] {
    const Bytes state = storage.encode_state();
    groot::ei_codec::TermReader reader(groot::ei_codec::ScannedTerm::trusted(state));
    reader.take_tuple();
    reader.take_atom("$gen_cast");
    reader.take_tuple();
    reader.take_atom("update_registers");
    std::vector<Bytes> keys;
    for (auto left = reader.take_map().value_or(0); left > 0; --left) {
      reader.take_term();
      keys.push_back(read_stock_register(reader).value().key);
    }
    return keys;
  };
  for (int i = 0; i < 32; ++i) storage.set(text("k" + std::to_string(i)), text("v"), {5, 0, 1});
  std::vector<Bytes> before = shown();
  CHECK(std::ranges::is_sorted(before));
  storage.set(text("one more"), text("v"), {6, 0, 1});
  std::vector<Bytes> after = shown();
  CHECK_FALSE(std::ranges::is_sorted(after));
  std::erase(after, text("one more"));
  CHECK(after != before);
  std::ranges::sort(after);
  CHECK(after == before);
}

TEST_CASE("a forgotten key leaves nothing behind: an older version brings it back") {
  StockStorage storage;
  storage.update({text("k"), text("late"), {5, 0, 1}, {}, 0});
  storage.forget(text("k"));
  CHECK(storage.find(text("k")) == nullptr);
  storage.merge({text("k"), text("early"), {1, 0, 1}, {}, 0});
  CHECK(storage.find(text("k"))->value == text("early"));
}
