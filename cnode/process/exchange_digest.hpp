// What an exchange (exchange.hpp) reads of the registers: fingerprints, items, and registers by
// chunks. Each call takes as long as exchange_examined_max registers take, or a chunk.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cnode/process/exchange_messages.hpp"
#include "store/register_map.hpp"

namespace groot::process {

// Of each child of the prefix, prefix.child_count() of them; 0 where nothing is held.
[[nodiscard]] std::vector<std::uint64_t> child_fingerprints(const store::RegisterMap& registers,
                                                            const Prefix& prefix);
// The same of registers that are at hand: `held` is all that the range of the prefix holds.
[[nodiscard]] std::vector<std::uint64_t> child_fingerprints(
    std::span<const store::RegisterMap::Hashed> held, const Prefix& prefix);
// Either, short, salted with the round's number.
[[nodiscard]] std::vector<std::uint32_t> short_fingerprints(
    std::span<const std::uint64_t> fingerprints, std::uint32_t round);

[[nodiscard]] ExchangeDiffer::Item item_of(const store::RegisterMap::Hashed& held,
                                           std::uint32_t round);

// Registers of the ranges, in their order and by hash, until exchange_chunk_bytes are reached; all
// that share a hash, or none.
struct ExchangeChunk {
  std::vector<store::RegisterPtr> registers;
  std::size_t done = 0;    // ranges that are in it whole
  std::uint64_t next = 0;  // where the rest of ranges[done] begins
};
[[nodiscard]] ExchangeChunk collect_chunk(const store::RegisterMap& registers,
                                          std::span<const HashRange> ranges);

}  // namespace groot::process
