#include "cnode/process/exchange_messages.hpp"

#include <string>

#include "cnode/process/exchange_digest.hpp"
#include "cnode/process/limits.hpp"
#include "cnode/process/process_error.hpp"
#include "cnode/process/term_append.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_scan.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

// {exchange, Binary}
Bytes cast_of(ByteView binary) {
  Bytes out;
  append_tuple(out, 2);
  append_atom(out, "exchange");
  append_binary(out, ei_codec::as_text(binary));
  return out;
}

Result<ExchangeMessage> decode(ByteView binary) {
  const Bytes cast = cast_of(binary);
  return decode_exchange(*ei_codec::scan_whole_term(cast));
}

// What stands in the binary of an encoded message.
Bytes binary_of(const ExchangeMessage& message) {
  const Term cast = decoded(whole(encode_exchange(message)));
  const auto& outer = cast.get_if<ei_codec::Tuple>()->elements;
  CHECK(outer.at(0).is_atom("$gen_cast"));
  const auto& inner = outer.at(1).get_if<ei_codec::Tuple>()->elements;
  CHECK(inner.at(0).is_atom("exchange"));
  const ByteView bytes = inner.at(1).get_if<ei_codec::Binary>()->view();
  return {bytes.begin(), bytes.end()};
}

std::vector<ExchangeMessage> samples() {
  const Prefix middle{12, 0xabc0'0000};
  const Prefix first{4, 0xa000'0000};
  return {
      {0, 0, ExchangeReady{}},
      {1, 2, ExchangeRoot{0x0102'0304'0506'0708}},
      {1, 2, ExchangeRootIs{7}},
      {1, 2, ExchangeCompare{{{middle, {1, 2, 3, 4}}, {first, std::vector<std::uint32_t>(16, 9)}}}},
      {1, 2,
       ExchangeDiffer{{{middle, {1, 2, 3, 4}, {}},
                       {middle, {}, {}},
                       {middle, {}, {{5, {store::time_ms_max, 6, 7}, 8}, {9, {1, 2, 3}, 4}}}}}},
      {1, 2, ExchangeFetch{{{1, 1}, {0, UINT64_MAX}}}},
      {1, 2, ExchangeFetched{3, 4}},
      {1, 2, ExchangePushed{}},
      {0xffff'ffff, 0xffff'ffff, ExchangeTaken{}},
  };
}

TEST_CASE("every message comes back as it was") {
  for (const ExchangeMessage& message : samples()) {
    const Bytes binary = binary_of(message);
    const auto back = decode(binary);
    REQUIRE(back);
    CHECK(back->round == message.round);
    CHECK(back->number == message.number);
    CHECK(back->body.index() == message.body.index());
    CHECK(binary_of(*back) == binary);
  }
}

TEST_CASE("the wire is frozen") {
  CHECK(binary_of({1, 2, ExchangeRoot{0x0a0b'0c0d}}) ==
        Bytes{2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0x0a, 0x0b, 0x0c, 0x0d});
  CHECK(binary_of({1, 2, ExchangeDiffer{{{{12, 0xabc0'0000}, {}, {{5, {6, 7, 8}, 9}}}}}}) ==
        Bytes{5, 0, 0, 0, 1, 0, 0, 0, 2, 12, 0xab, 0xc0, 0, 0, 1, 0, 0, 0, 0, 0,
              0, 0, 5, 0, 0, 0, 0, 0, 6, 0,  7,    0,    0, 0, 0, 0, 0, 0, 8, 9});
}

TEST_CASE("what is no message is refused") {
  for (const ExchangeMessage& message : samples()) {
    const Bytes binary = binary_of(message);
    const bool has_list = std::holds_alternative<ExchangeCompare>(message.body) ||
                          std::holds_alternative<ExchangeDiffer>(message.body) ||
                          std::holds_alternative<ExchangeFetch>(message.body);
    for (std::size_t size = 0; size < binary.size(); ++size) {
      const auto cut = decode(ByteView(binary).first(size));
      // One that holds a list may be cut between two of its entries.
      if (has_list && cut) continue;
      REQUIRE_FALSE(cut);
      CHECK(cut.error().code == process_errc::bad_exchange);
    }
    Bytes longer = binary;
    longer.push_back(0);
    CHECK_FALSE(decode(longer));
  }
  CHECK_FALSE(decode(Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0}));
  CHECK_FALSE(decode(Bytes{10, 0, 0, 0, 0, 0, 0, 0, 0}));
  for (const std::string_view other : {"exchange", "{exchange,a}", "{exchanged,<<1>>}", "{}"}) {
    const Bytes cast = encoded(other);
    CHECK_FALSE(decode_exchange(*ei_codec::scan_whole_term(cast)));
  }
}

TEST_CASE(
    "prefixes that the trie does not have, and ranges that end before they begin, are refused") {
  const auto with = [](const Prefix& prefix) {
    return decode(binary_of(
        {1, 2, ExchangeCompare{{{prefix, std::vector<std::uint32_t>(prefix.child_count())}}}}));
  };
  CHECK(with({0, 0}));
  CHECK(with({30, 0xffff'fffc}));
  CHECK_FALSE(with({0, 1}));
  CHECK_FALSE(with({2, 0}));
  CHECK_FALSE(with({13, 0}));
  CHECK_FALSE(with({12, 0xabcd'0000}));
  CHECK_FALSE(with({34, 0}));
  CHECK_FALSE(with({32, 0}));  // has no children
  CHECK_FALSE(decode(binary_of({1, 2, ExchangeFetch{{{2, 1}}}})));
}

TEST_CASE("a message is at most as long as the longest answer") {
  ExchangeDiffer longest;
  for (std::size_t i = 0; i < exchange_ranges_max * 16; ++i) {
    longest.entries.push_back({{8, 0}, std::vector<std::uint32_t>(16, 1), {}});
  }
  const Bytes binary = binary_of({1, 2, longest});
  CHECK(binary.size() == exchange_bytes_max);
  CHECK(decode(binary));
  longest.entries.push_back({{12, 0}, {}, {}});
  CHECK_FALSE(decode(binary_of({1, 2, longest})));
}

}  // namespace
}  // namespace groot::process
