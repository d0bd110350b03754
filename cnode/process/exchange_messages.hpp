// The messages of an exchange between two nodes of ours (exchange.hpp), as casts to
// 'Elixir.Groot.Peer': {'$gen_cast', {exchange, Binary}}. Integers are big-endian.
//
//   Binary      Kind:8 Round:32 Number:32 Body
//   1 ready     -                                   sent once a link, before any round
//   2 root      Fingerprint:64
//   3 root_is   Fingerprint:64
//   4 compare   (Depth:8 Bits:32 Short:32 *)*       Short: of each child of that prefix
//   5 differ    (Depth:8 Bits:32 Form:8 ...)*       Form 255: Short:32 of each child; else so many
//                 Hash:64 Time:48 Counter:16 Node:64 Check:8         items: all that is held there,
//                                                                    or 254 of more
//   6 fetch     (From:64 To:64)*                    ranges of hashes
//   7 fetched   Done:16 Next:64                     behind the registers that it tells of
//   8 pushed    -                                   behind the registers that it tells of
//   9 taken     -
//
// Who began the round chose its number at random; it salts the short fingerprints and the checks.
// Kinds 3, 5, 7 and 9 answer the kind before them, under the same Number.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "ei_codec/result.hpp"
#include "ei_codec/shared_message.hpp"
#include "ei_codec/term_scan.hpp"
#include "store/hash_range.hpp"
#include "store/timestamp.hpp"

namespace groot::process {

using ei_codec::ByteView;
using ei_codec::ScannedTerm;
using ei_codec::SharedMessage;
using store::HashRange;
using store::Prefix;

struct ExchangeReady {};
struct ExchangeRoot {
  std::uint64_t fingerprint = 0;
};
struct ExchangeRootIs {
  std::uint64_t fingerprint = 0;
};
struct ExchangeCompare {
  struct Entry {
    Prefix prefix;
    std::vector<std::uint32_t> children;  // prefix.child_count() short fingerprints
  };
  std::vector<Entry> entries;
};
struct ExchangeDiffer {
  // A register without its value.
  struct Item {
    std::uint64_t hash = 0;
    store::Timestamp stamp;
    std::uint8_t check = 0;  // of its fingerprint
    friend auto operator<=>(const Item&, const Item&) = default;
  };
  struct Entry {
    Prefix prefix;
    std::vector<std::uint32_t> children;  // as above, or none: then `items` is all that is held
    std::vector<Item> items;
  };
  std::vector<Entry> entries;
};
struct ExchangeFetch {
  std::vector<HashRange> ranges;
};
struct ExchangeFetched {
  std::uint16_t done = 0;  // so many of the ranges were sent whole
  std::uint64_t next = 0;  // of the one after these, what is below it was sent as well
};
struct ExchangePushed {};
struct ExchangeTaken {};

using ExchangeBody =
    std::variant<ExchangeReady, ExchangeRoot, ExchangeRootIs, ExchangeCompare, ExchangeDiffer,
                 ExchangeFetch, ExchangeFetched, ExchangePushed, ExchangeTaken>;

struct ExchangeMessage {
  std::uint32_t round = 0;
  std::uint32_t number = 0;
  ExchangeBody body;
};

[[nodiscard]] SharedMessage encode_exchange(const ExchangeMessage& message);
// Of {exchange, Binary}, what the cast holds. Errors: bad_exchange.
[[nodiscard]] Result<ExchangeMessage> decode_exchange(ScannedTerm cast);

}  // namespace groot::process
