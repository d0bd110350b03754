#include "cnode/process/exchange_digest.hpp"

#include <algorithm>

#include "cnode/process/limits.hpp"
#include "cnode/process/register_codec.hpp"
#include "store/fingerprint.hpp"

namespace groot::process {
namespace {

using store::RegisterMap;

constexpr unsigned bucket_shift = 64 - store::bucket_bits;

bool is_empty_bucket(const RegisterMap& registers, std::uint64_t hash) {
  const auto bits = static_cast<std::uint32_t>(hash >> bucket_shift << (bucket_shift - 32));
  return registers.fingerprint({store::bucket_bits, bits}) == 0;
}

}  // namespace

std::vector<std::uint64_t> child_fingerprints(const RegisterMap& registers, const Prefix& prefix) {
  if (prefix.depth >= store::bucket_bits) {
    return child_fingerprints(registers.within(prefix.range()), prefix);
  }
  std::vector<std::uint64_t> sums(prefix.child_count());
  for (unsigned i = 0; i < sums.size(); ++i) sums[i] = registers.fingerprint(prefix.child(i));
  return sums;
}

std::vector<std::uint64_t> child_fingerprints(std::span<const RegisterMap::Hashed> held,
                                              const Prefix& prefix) {
  std::vector<std::uint64_t> sums(prefix.child_count());
  for (const auto& [hash, reg] : held) {
    sums[hash << prefix.depth >> (64 - prefix.child_bits())] += store::fingerprint(*reg, hash);
  }
  return sums;
}

std::vector<std::uint32_t> short_fingerprints(std::span<const std::uint64_t> fingerprints,
                                              std::uint32_t round) {
  std::vector<std::uint32_t> made;
  made.reserve(fingerprints.size());
  for (const std::uint64_t one : fingerprints) made.push_back(store::short_fingerprint(one, round));
  return made;
}

ExchangeDiffer::Item item_of(const RegisterMap::Hashed& held, std::uint32_t round) {
  const std::uint64_t fingerprint = store::fingerprint(*held.reg, held.hash);
  return {held.hash, held.reg->stamp(),
          static_cast<std::uint8_t>(store::short_fingerprint(fingerprint, round))};
}

ExchangeChunk collect_chunk(const RegisterMap& registers, std::span<const HashRange> ranges) {
  ExchangeChunk chunk;
  std::size_t bytes = 0;
  for (; chunk.done < ranges.size(); ++chunk.done) {
    const HashRange& range = ranges[chunk.done];
    // Bucket by bucket: a range may hold everything.
    for (std::uint64_t from = range.from;;) {
      const std::uint64_t bucket_end = from | (UINT64_MAX >> store::bucket_bits);
      const std::uint64_t to = std::min(range.to, bucket_end);
      if (!is_empty_bucket(registers, from)) {
        std::uint64_t last_hash = from;
        for (const auto& held : registers.within({from, to})) {
          // Never between two of one hash: the next chunk would begin with the first again.
          if (bytes >= exchange_chunk_bytes && held.hash != last_hash) {
            chunk.next = held.hash;
            return chunk;
          }
          last_hash = held.hash;
          bytes += register_bytes_max(*held.reg);
          chunk.registers.emplace_back(held.reg);
        }
      }
      if (to == range.to) break;
      from = to + 1;
    }
  }
  return chunk;
}

}  // namespace groot::process
