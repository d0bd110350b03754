// How a hidden node hears the writes of stock Groot nodes, which push to visible nodes only
// (groot-protocol section 4).
//
// announce: a plain {nodeup, OurNode} to a stock storage process makes it cast its whole state to
// us. What that costs is spent only after a change: the reductions of the process are asked for
// every 100 ms, 250 ms where nothing changes, and do not move while it handles no message.
//
//        ┌── poll: same, or busy ──┐
//        v                         │
//   ┌─> idle ──poll: changed, ────────> awaiting_state ──> awaiting_baseline ──┐
//   │          or one more is due;      (nodeup sent)      (state merged,      │
//   │          sync due                                     count asked)       │
//   └──────────── rests nine times as long as that took <──────────────────────┘
//
// Every 10 to 20 s each stock node sends its state to all that it sees, and all of their counts
// move though nothing is new. Two things keep that cheap:
// - Stock nodes that see each other push each other every write, so one of them is listened to for
//   all, also while its state is fetched. After a change here all are asked, in turn, until each
//   has shown its state: only who has shown a key shows that it was deleted. And each 20 s one of
//   those that are not listened to has its turn, and is asked until it is known to have nothing
//   new: the link between two of them may be gone, and neither know it yet.
// - They merge such a state for far longer than a fetch takes. A process that changed and is busy
//   is waited for: the fetch would lie in its mailbox, and the rest be as much longer.
//
// A write between the state and the count after it is in neither. A fetch takes the same number of
// reductions each time, while the registers are as many. When it brings no news and its number is
// that of the last one without news, nothing else was handled; else one more is due. A poll that
// finds just that number more, where it is large, has found the fetch of another node like ours.
//
// The sync fetches only where something changed here since the last one: the peer may lack that.
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
  // What a storage process says of itself.
  struct Activity {
    std::int64_t reductions = 0;
    bool busy = false;  // handles a message, or has one to handle
  };
  struct Feed {
    Phase phase = Phase::idle;
    dist::Pid storage;  // an answer about another one is void
    SharedBytes question;
    bool polls = false;
    std::optional<std::int64_t> asked_ms;  // a question is under way since
    std::optional<std::int64_t> count;     // its reductions as it said last
    std::optional<std::int64_t> baseline;  // the same when the last state was complete
    std::optional<std::int64_t> cost;      // reductions of the last fetch without news
    std::int64_t poll_ms = 0;
    std::int64_t sync_ms = 0;
    std::optional<std::int64_t> confirm_ms;
    std::optional<std::int64_t> patient_until_ms;  // it changed, and may be busy till then
    std::int64_t rest_until_ms = 0;
    std::int64_t announced_ms = 0;
    std::int64_t shown_ms = 0;  // the last state was merged
    std::int64_t took_ms = 0;   // the last fetch
    bool changed = false;       // fetch as soon as the rest is over
    bool confirm = false;       // one more is due: the next poll counts as a change
    bool has_turn = false;      // asked, though another one is listened to for it
    std::int64_t turn_ms = 0;   // when it had its last turn
    bool news = false;          // in the last state
    bool complete = false;      // the last state: no more is due
  };

  [[nodiscard]] static std::optional<Activity> activity(const Result<Term>& answer);
  void act(LinkId link, Feed& feed, const Now& now);
  // The stock peer `writer` pushes what is written there to `other`.
  [[nodiscard]] bool is_pushed(LinkId writer, LinkId other) const;
  [[nodiscard]] bool wants_fetch(LinkId link, const Feed& feed, const Now& now) const;
  void announce(LinkId link, Feed& feed, const Now& now);
  void ask(LinkId link, Feed& feed, const Now& now);
  void answered(LinkId link, Feed& feed, const Result<Term>& answer, const Now& now);
  void polled(Feed& feed, const Activity& activity, const Now& now);
  void fetched(Feed& feed, const std::optional<Activity>& activity, const Now& now);
  // Of those that are level, or of those that are not, asks each that is due unless it pushes what
  // is written there to one that is listened to, and it is not its turn; whether any was asked.
  bool poll_each(bool level, std::vector<LinkId>& listened_to, const Now& now);
  // Gives the turn, when it is time, to the one that has waited longest; `listened_to`: to whom
  // not.
  void take_turns(const std::vector<LinkId>& listened_to, const Now& now);
  // It has shown its state since something changed here, and no more is due.
  [[nodiscard]] bool is_level(const Feed& feed) const;
  // It has told nothing for so long that others are asked for what it would have told.
  [[nodiscard]] static bool is_silent(const Feed& feed, const Now& now);
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
  std::size_t first_ = 0;     // of those that are not level, who is asked first
  std::int64_t turn_ms_ = 0;  // the next turn
};

}  // namespace groot::process
