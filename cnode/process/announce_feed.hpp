// How a hidden node hears the writes of stock Groot nodes, which push to visible nodes only
// (groot-protocol section 4).
//
// announce: a plain {nodeup, OurNode} to a stock storage process makes it cast its whole state to
// us. What that costs is spent only after a change: the reductions of the process are asked for
// every 100 ms, 250 ms where nothing changes, and do not move while it handles no message. Stock
// nodes that see each other push each other every write, so one of them is asked for all, each time
// another one.
//
//        ┌─────────── poll: same ──────────┐
//        v                                 │
//   ┌─> idle ──poll: changed, confirm due, sync due──> awaiting_state ──> awaiting_baseline ──┐
//   │                                     (nodeup sent)   (state merged,   (reductions after) │
//   │                                                      count asked)                       │
//   └──────────────── rests nine times as long as that took ──────────────────────────────────┘
//
// A write between the state and the count after it is in neither, so a fetch that followed a change
// or brought news is followed by one more; without news only where no other peer that is asked is
// pushed that write, too. The sync fetches only where something changed here since the last one:
// the peer may lack that.
//
// tap: see tap.hpp; here it only means that fetches are made on link up and every 10 to 20 s, and
// no polls.
#pragma once

#include <map>

#include "cnode/process/peers.hpp"
#include "cnode/process/requests.hpp"
#include "store/replica.hpp"

namespace groot::process {

class AnnounceFeed {
 public:
  AnnounceFeed(const NodeName& self, std::function<std::uint64_t()> random, Outbox& outbox,
               Peers& peers, Requests& requests, const store::Replica& replica);

  // The storage process of this stock peer is there (again). `polls`: ask for changes; else only
  // fetch now and at the sync interval.
  void start(const Peer& peer, bool polls, const Now& now);
  // It died, or the link ended.
  void stop(LinkId link) { feeds_.erase(link); }
  // Once more, as soon as the rest after the last one is over.
  void fetch(LinkId link, const Now& now);
  // From now on (a tap could not be installed).
  void poll(LinkId link, const Now& now);

  // The peer's complete state was merged; `news`: something changed here.
  void full_state_merged(LinkId link, bool news, const Now& now);

  void wake(const Now& now);
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const;

 private:
  enum class Phase { idle, awaiting_state, awaiting_baseline };
  struct Feed {
    Phase phase = Phase::idle;
    dist::Pid storage;  // an answer about another one is void
    SharedBytes question;
    bool polls = false;
    bool poll_under_way = false;
    std::optional<std::int64_t> baseline;  // reductions when the last state was complete
    std::int64_t poll_ms = 0;
    std::int64_t sync_ms = 0;
    std::optional<std::int64_t> confirm_ms;
    std::int64_t rest_until_ms = 0;
    std::int64_t announced_ms = 0;
    bool changed = false;  // fetch as soon as the rest is over
    bool confirm = false;  // the fetch under way followed a change or brought news
  };

  void act(LinkId link, Feed& feed, const Now& now);
  // The stock peer `writer` pushes what is written there to `other`.
  [[nodiscard]] bool is_pushed(LinkId writer, LinkId other) const;
  [[nodiscard]] bool wants_fetch(LinkId link, const Feed& feed, const Now& now) const;
  void announce(LinkId link, Feed& feed, const Now& now);
  void ask_reductions(LinkId link, Feed& feed, const Now& now);
  void answered(LinkId link, Feed& feed, const Result<Term>& answer, const Now& now);
  void fetched(Feed& feed, const Now& now);
  [[nodiscard]] std::int64_t next_poll_ms(const Now& now) const;
  [[nodiscard]] std::int64_t next_sync_ms(const Now& now) const;
  // Nothing while an answer is awaited, which has its own time-out.
  [[nodiscard]] std::optional<std::int64_t> due_ms(const Feed& feed) const;

  std::function<std::uint64_t()> random_;
  Outbox& outbox_;
  Peers& peers_;
  Requests& requests_;
  const store::Replica& replica_;
  SharedBytes nodeup_;
  std::map<LinkId, Feed> feeds_;
  std::vector<LinkId> asked_;  // at this instant
  std::size_t turn_ = 0;
};

}  // namespace groot::process
