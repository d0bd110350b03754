#include "cnode/process/exchange_answers.hpp"

#include <algorithm>
#include <utility>

#include "cnode/process/exchange_digest.hpp"
#include "cnode/process/limits.hpp"
#include "cnode/process/peer_process.hpp"

namespace groot::process {
bool ExchangeAnswers::answer(Peer& peer, const ExchangeMessage& question, const Now& now) {
  ExchangeMessage answer{question.round, question.number, {}};
  if (std::holds_alternative<ExchangeRoot>(question.body)) {
    answer.body = ExchangeRootIs{registers_.fingerprint({})};
  } else if (const auto* compare = std::get_if<ExchangeCompare>(&question.body)) {
    if (compare->entries.size() > exchange_ranges_max) return false;
    answer.body = differ(*compare, question.round);
  } else if (const auto* fetch = std::get_if<ExchangeFetch>(&question.body)) {
    if (fetch->ranges.size() > exchange_ranges_max) return false;
    answer.body = send(peer, *fetch, now);
  } else if (std::holds_alternative<ExchangePushed>(question.body)) {
    answer.body = ExchangeTaken{};
  } else {
    return false;
  }
  // Behind the registers that it tells of: the same process sent them.
  outbox_.send_to_name(peer.link, ServedPid::exchange, peer_process_name, encode_exchange(answer));
  return true;
}

ExchangeDiffer ExchangeAnswers::differ(const ExchangeCompare& compare, std::uint32_t round) const {
  ExchangeDiffer differ;
  for (const auto& entry : compare.entries) {
    const auto mine = short_fingerprints(child_fingerprints(registers_, entry.prefix), round);
    for (unsigned i = 0; i < mine.size(); ++i) {
      if (mine[i] == entry.children[i]) continue;
      auto& found = differ.entries.emplace_back();
      found.prefix = entry.prefix.child(i);
      if (mine[i] == 0) continue;  // nothing is held there: no items
      if (found.prefix.depth < store::bucket_bits) {
        // It may hold too many registers to look at; the next step does.
        found.children = short_fingerprints(child_fingerprints(registers_, found.prefix), round);
        continue;
      }
      const auto held = registers_.within(found.prefix.range());
      if (found.prefix.child_bits() != 0 && held.size() > exchange_items_max) {
        found.children = short_fingerprints(child_fingerprints(held, found.prefix), round);
        continue;
      }
      for (std::size_t k = 0; k < std::min(held.size(), exchange_answered_items_max); ++k) {
        found.items.push_back(item_of(held[k], round));
      }
    }
  }
  return differ;
}

ExchangeFetched ExchangeAnswers::send(Peer& peer, const ExchangeFetch& fetch, const Now& now) {
  const ExchangeChunk chunk = collect_chunk(registers_, fetch.ranges);
  replication_.send_chunk(peer, chunk.registers, now);
  return {static_cast<std::uint16_t>(chunk.done), chunk.next};
}

}  // namespace groot::process
