#include "cnode/process/reclaimer.hpp"

#include <algorithm>
#include <utility>

#include "cnode/process/evaluation.hpp"
#include "cnode/process/limits.hpp"
#include "cnode/process/timestamp_codec.hpp"
#include "ei_codec/term_decode.hpp"

namespace groot::process {
namespace {

using ei_codec::ScannedTerm;

Term hlc_of(const store::Register& reg) {
  Bytes encoded;
  append_timestamp(reg.stamp(), encoded);
  return decode_term(ScannedTerm::trusted(encoded)).value();
}

}  // namespace

std::string reclaim_source() {
  // sys:replace_state itself would be answered with the whole state, copied to the caller. So its
  // message is sent as if by a process that is gone, to which nothing is copied, and the fun says
  // itself that it has run.
  return "{Gone, Monitor} = spawn_monitor(fun() -> ok end), "
         "receive {'DOWN', Monitor, _, _, _} -> ok end, "
         "Self = self(), Ref = make_ref(), "
         "'Elixir.Groot.Storage' ! {system, {Gone, Ref}, {replace_state, "
         "fun(State = #{registers := Held, table := Table}) -> "
         "Left = lists:foldl(fun({Key, Hlc}, Rest) -> "
         "case Rest of #{Key := #{hlc := Hlc}} -> ets:delete(Table, Key), maps:remove(Key, Rest); "
         "_ -> Rest end end, Held, Registers), "
         "Self ! {Ref, map_size(Held) - map_size(Left)}, State#{registers := Left}; "
         "(State) -> Self ! {Ref, 0}, State end}}, "
         "receive {Ref, Count} -> Count after 5000 -> timeout end.";
}

void Reclaimer::add(store::PeerId peer, store::RegisterPtr tombstone, const Now& now) {
  const Peer* const holder = peers_.find_id(peer);
  if (!holder || !holder->is_stock() || !holder->replicates()) return;
  Queue& queue = queues_[holder->link];
  if (queue.tombstones.size() >= reclaim_queue_max) return;
  if (queue.tombstones.empty() && !queue.under_way) {
    queue.next_ms = now.monotonic_ms + reclaim_delay_ms;
    wakes_.add(queue.next_ms);
  }
  queue.tombstones.push_back(std::move(tombstone));
}

void Reclaimer::wake(const Now& now) {
  if (!wakes_.is_due(now.monotonic_ms)) return;
  for (auto& [link, queue] : queues_) {
    const bool due = !queue.under_way && now.monotonic_ms >= queue.next_ms;
    if (due && !queue.tombstones.empty()) remove_some(link, queue, now);
  }
  wakes_.clear();
  for (const auto& [link, queue] : queues_) {
    if (!queue.under_way && !queue.tombstones.empty()) wakes_.add(queue.next_ms);
  }
}

void Reclaimer::remove_some(LinkId link, Queue& queue, const Now& now) {
  std::vector<Term> registers;
  while (!queue.tombstones.empty() && registers.size() < reclaim_batch_max) {
    const store::RegisterPtr reg = std::move(queue.tombstones.front());
    queue.tombstones.pop_front();
    auto key = decode_term(ScannedTerm::trusted(reg->key()));
    if (key) registers.push_back(ei_codec::tuple({*std::move(key), hlc_of(*reg)}));
  }
  queue.under_way = true;
  evaluate(requests_, link, reclaim_source(), {{"Registers", ei_codec::list(std::move(registers))}},
           now, [this, link](const Result<Term>& removed, const Now& then) {
             const auto found = queues_.find(link);
             if (found == queues_.end()) return;
             Queue& waiting = found->second;
             waiting.under_way = false;
             waiting.next_ms = then.monotonic_ms + reclaim_interval_ms;
             if (!waiting.tombstones.empty()) wakes_.add(waiting.next_ms);
             const Peer* const peer = peers_.find(link);
             if (removed || !peer) return;
             outbox_.log_repeated(peer->name(), "reclaim",
                                  "old deletes stay as nil registers on " + peer->name() + ": " +
                                      removed.error().text());
           });
}

}  // namespace groot::process
