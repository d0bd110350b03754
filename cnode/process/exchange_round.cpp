#include "cnode/process/exchange_round.hpp"

#include <algorithm>
#include <utility>

#include "cnode/process/exchange_digest.hpp"
#include "cnode/process/limits.hpp"
#include "cnode/process/peer_process.hpp"

namespace groot::process {
namespace {

HashRange only(std::uint64_t hash) {
  return {hash, hash};
}

// All there is, in pieces.
void append_everything(std::deque<HashRange>& ranges) {
  for (std::uint64_t i = 0; i < std::uint64_t{1} << exchange_pieces_bits; ++i) {
    const std::uint64_t from = i << (64 - exchange_pieces_bits);
    ranges.push_back({from, from + (UINT64_MAX >> exchange_pieces_bits)});
  }
}

std::vector<HashRange> take_front(std::deque<HashRange>& ranges, std::size_t count) {
  const auto end = ranges.begin() + static_cast<std::ptrdiff_t>(std::min(count, ranges.size()));
  std::vector<HashRange> taken(ranges.begin(), end);
  ranges.erase(ranges.begin(), end);
  return taken;
}

// Whether the prefixes of an answer are children of those asked for, in their order and none twice:
// so no answer leads to more work than its question could.
bool is_below(const std::vector<ExchangeDiffer::Entry>& answer, const std::vector<Prefix>& asked) {
  auto of = asked.begin();
  unsigned next = 0;  // child of it
  for (const auto& entry : answer) {
    while (of != asked.end() && (next == of->child_count() || of->child(next) != entry.prefix)) {
      if (next == of->child_count()) {
        ++of;
        next = 0;
      } else {
        ++next;
      }
    }
    if (of == asked.end()) return false;
    ++next;
  }
  return true;
}

template <class Body>
constexpr std::size_t kind_of() {
  return ExchangeBody(Body{}).index();
}

}  // namespace

ExchangeRound::ExchangeRound(std::uint32_t round, Peer& peer, Outbox& outbox,
                             Replication& replication, const store::RegisterMap& registers)
    : round_(round), outbox_(outbox), replication_(replication), registers_(registers) {
  ask(peer, ExchangeRoot{registers_.fingerprint({})});
}

bool ExchangeRound::answered(Peer& peer, const ExchangeMessage& answer, const Now& now) {
  const auto found = under_way_.find(answer.number);
  if (found == under_way_.end()) return false;
  // An answer's kind follows its question's.
  if (answer.body.index() != found->second.kind + 1) return false;
  const Question question = std::move(found->second);
  under_way_.erase(found);
  if (!std::visit([&](const auto& body) { return on(question, body); }, answer.body)) return false;
  ask_on(peer, now);
  return true;
}

// ---- what an answer leads to ----

bool ExchangeRound::on(const Question&, const ExchangeRootIs& root) {
  const std::uint64_t mine = registers_.fingerprint({});
  if (mine == root.fingerprint) return true;
  if (mine == 0) {
    append_everything(to_fetch_);
  } else if (root.fingerprint == 0) {
    append_everything(to_push_);
  } else {
    to_compare_.emplace_back();
  }
  return true;
}

bool ExchangeRound::on(const Question& question, const ExchangeDiffer& differ) {
  if (!is_below(differ.entries, question.prefixes)) return false;
  for (const auto& entry : differ.entries) {
    if (entry.children.empty()) {
      compare_items(entry);
    } else {
      compare_children(entry);
    }
  }
  return true;
}

void ExchangeRound::compare_children(const ExchangeDiffer::Entry& theirs) {
  const auto mine = short_fingerprints(child_fingerprints(registers_, theirs.prefix), round_);
  if (std::ranges::count(mine, 0U) == std::ssize(mine)) {
    to_fetch_.push_back(theirs.prefix.range());
    return;
  }
  for (unsigned i = 0; i < mine.size(); ++i) {
    if (mine[i] == theirs.children[i]) continue;
    const Prefix child = theirs.prefix.child(i);
    if (mine[i] == 0) {
      to_fetch_.push_back(child.range());
    } else if (theirs.children[i] == 0) {
      to_push_.push_back(child.range());
    } else if (child.child_bits() == 0) {
      // No prefix is longer: a few registers that can only be told apart by sending them.
      to_fetch_.push_back(child.range());
      to_push_.push_back(child.range());
    } else {
      to_compare_.push_back(child);
    }
  }
}

void ExchangeRound::compare_items(const ExchangeDiffer::Entry& theirs) {
  const HashRange range = theirs.prefix.range();
  if (theirs.items.size() >= exchange_answered_items_max) {  // it may hold more there
    to_fetch_.push_back(range);
    to_push_.push_back(range);
    return;
  }
  std::vector<ExchangeDiffer::Item> items = theirs.items;
  std::ranges::sort(items);
  std::vector<std::uint64_t> settled;  // of these hashes they hold all as late as we do
  for (auto group = items.begin(); group != items.end();) {
    const std::uint64_t hash = group->hash;
    const auto end =
        std::find_if(group, items.end(), [hash](const auto& item) { return item.hash != hash; });
    std::vector<ExchangeDiffer::Item> mine;
    for (const auto& held : registers_.within(only(hash))) mine.push_back(item_of(held, round_));
    std::ranges::sort(mine);
    if (std::equal(group, end, mine.begin(), mine.end())) {
      settled.push_back(hash);
    } else if (mine.size() > 1 || end - group > 1) {
      to_fetch_.push_back(only(hash));  // several keys of one hash: an item does not say which
    } else if (const auto held = mine.empty() ? store::Timestamp() : mine.front().stamp;
               group->stamp >= held) {
      to_fetch_.push_back(only(hash));
      // Of two of one stamp only the replica knows which is the later.
      if (group->stamp > held) settled.push_back(hash);
    }
    group = end;
  }
  if (theirs.items.empty() || theirs.prefix.depth < store::bucket_bits) {
    to_push_.push_back(range);
    return;
  }
  std::vector<HashRange> lacking;
  for (const auto& held : registers_.within(range)) {
    if (std::ranges::find(settled, held.hash) != settled.end()) continue;
    // Those of one hash are one range: sent twice in one map they would be no term.
    if (lacking.empty() || lacking.back() != only(held.hash)) lacking.push_back(only(held.hash));
  }
  if (lacking.size() > exchange_singles_max) lacking = {range};
  to_push_.insert(to_push_.end(), lacking.begin(), lacking.end());
}

bool ExchangeRound::on(const Question& question, const ExchangeFetched& fetched) {
  if (fetched.done > question.ranges.size()) return false;
  std::vector<HashRange> left(question.ranges.begin() + fetched.done, question.ranges.end());
  if (!left.empty()) {
    // Each answer has to bring it further.
    HashRange& next = left.front();
    if (fetched.next < next.from || fetched.next > next.to) return false;
    if (fetched.done == 0 && fetched.next == next.from) return false;
    next.from = fetched.next;
  }
  to_fetch_.insert(to_fetch_.begin(), left.begin(), left.end());
  return true;
}

bool ExchangeRound::on(const Question&, const ExchangeTaken&) {
  return true;
}

// ---- asking ----

// Registers go first, so that little is known to differ at a time, but by full messages while there
// may be more of them.
void ExchangeRound::ask_on(Peer& peer, const Now& now) {
  while (under_way_.size() < exchange_window) {
    const bool all_compared = to_compare_.empty();
    if (to_push_.size() >= (all_compared ? 1 : exchange_ranges_max)) {
      push(peer, now);
    } else if (to_fetch_.size() >= (all_compared ? 1 : exchange_ranges_max)) {
      ask_fetch(peer);
    } else if (!all_compared) {
      ask_compare(peer);
    } else {
      return;
    }
  }
}

void ExchangeRound::ask_compare(Peer& peer) {
  ExchangeCompare compare;
  std::vector<Prefix> prefixes;
  std::size_t examined = 0;
  while (!to_compare_.empty() && compare.entries.size() < exchange_ranges_max &&
         examined < exchange_examined_max) {
    const Prefix prefix = to_compare_.back();
    to_compare_.pop_back();
    prefixes.push_back(prefix);
    compare.entries.push_back(
        {prefix, short_fingerprints(child_fingerprints(registers_, prefix), round_)});
    // The hashes spread evenly. All registers of the range may be looked at, here or there, unless
    // the children are larger than buckets.
    if (prefix.depth + prefix.child_bits() >= store::bucket_bits) {
      examined += registers_.size() >> prefix.depth;
    }
  }
  ask(peer, std::move(compare), {}, std::move(prefixes));
}

void ExchangeRound::ask_fetch(Peer& peer) {
  auto ranges = take_front(to_fetch_, exchange_ranges_max);
  ask(peer, ExchangeFetch{ranges}, ranges);
}

void ExchangeRound::push(Peer& peer, const Now& now) {
  auto ranges = take_front(to_push_, exchange_ranges_max);
  const ExchangeChunk chunk = collect_chunk(registers_, ranges);
  if (chunk.done < ranges.size()) {
    ranges[chunk.done].from = chunk.next;
    to_push_.insert(to_push_.begin(), ranges.begin() + static_cast<std::ptrdiff_t>(chunk.done),
                    ranges.end());
  }
  if (chunk.registers.empty()) return;  // gone meanwhile
  replication_.send_chunk(peer, chunk.registers, now);
  ask(peer, ExchangePushed{});
}

void ExchangeRound::ask(Peer& peer, ExchangeBody body, std::vector<HashRange> ranges,
                        std::vector<Prefix> prefixes) {
  const std::uint32_t number = ++last_number_;
  under_way_[number] = {body.index(), std::move(ranges), std::move(prefixes)};
  // From the process that sends the registers: in their order.
  outbox_.send_to_name(peer.link, ServedPid::exchange, peer_process_name,
                       encode_exchange({round_, number, std::move(body)}));
}

}  // namespace groot::process
