#include "cnode/process/announce_feed.hpp"

#include <algorithm>
#include <iterator>

#include "cnode/dist/earliest.hpp"
#include "cnode/process/limits.hpp"
#include "cnode/process/replication.hpp"
#include "ei_codec/term_encode.hpp"
#include "store/limits.hpp"

namespace groot::process {
namespace {

using ei_codec::atom;

// The second element of a pair.
const Term* value_of(const Term& term) {
  const auto* tuple = term.get_if<ei_codec::Tuple>();
  return tuple && tuple->elements.size() == 2 ? &tuple->elements[1] : nullptr;
}

std::int64_t next_multiple(std::int64_t interval_ms, const Now& now) {
  return (now.monotonic_ms / interval_ms + 1) * interval_ms;
}

}  // namespace

// Nothing when the process is dead (`undefined`).
std::optional<AnnounceFeed::Activity> AnnounceFeed::activity(const Result<Term>& answer) {
  const auto* items = answer ? answer->get_if<ei_codec::List>() : nullptr;
  if (!items || items->elements.size() != 2) return std::nullopt;
  const Term* reductions = value_of(items->elements[0]);
  const Term* status = value_of(items->elements[1]);
  const auto* count = reductions ? reductions->get_if<std::int64_t>() : nullptr;
  if (!count || !status) return std::nullopt;
  return Activity{*count, !status->is_atom("waiting")};
}

AnnounceFeed::AnnounceFeed(const NodeName& self, std::function<std::uint64_t()> random,
                           Outbox& outbox, Peers& peers, Requests& requests,
                           const store::Replica& replica)
    : random_(std::move(random)),
      outbox_(outbox),
      peers_(peers),
      requests_(requests),
      replica_(replica),
      nodeup_(share(encode_term(ei_codec::tuple({atom("nodeup"), atom(self.full())})))) {}

void AnnounceFeed::start(const Peer& peer, bool polls, const Now& now) {
  Feed& feed = feeds_[peer.link];
  feed = Feed{};
  feed.storage = *peer.storage;
  feed.question = requests_.encode_call(
      "erlang", "process_info",
      {Term(*peer.storage), ei_codec::list({atom("reductions"), atom("status")})});
  feed.polls = polls;
  feed.poll_ms = next_poll_ms(now);
  feed.sync_ms = next_sync_ms(now);
  feed.changed = true;
  act(peer.link, feed, now);
}

void AnnounceFeed::fetch(LinkId link, const Now& now) {
  const auto feed = feeds_.find(link);
  if (feed == feeds_.end()) return;
  feed->second.changed = true;
  act(link, feed->second, now);
}

void AnnounceFeed::poll(LinkId link, const Now& now) {
  const auto feed = feeds_.find(link);
  if (feed == feeds_.end()) return;
  feed->second.polls = true;
  feed->second.poll_ms = next_poll_ms(now);
}

// All peers are polled at the same instants: one wake-up for all of them.
std::int64_t AnnounceFeed::next_poll_ms(const Now& now) const {
  const auto changed_ms = replica_.last_change_ms();
  const bool quiet = !changed_ms || now.monotonic_ms - *changed_ms > quiet_after_ms;
  const std::int64_t interval_ms = quiet ? quiet_poll_interval_ms : poll_interval_ms;
  return next_multiple(interval_ms, now);
}

std::int64_t AnnounceFeed::next_sync_ms(const Now& now) const {
  constexpr auto spread =
      static_cast<std::uint64_t>(sync_interval_max_ms - sync_interval_min_ms + 1);
  return now.monotonic_ms + sync_interval_min_ms + static_cast<std::int64_t>(random_() % spread);
}

bool AnnounceFeed::wants_fetch(LinkId link, const Feed& feed, const Now& now) const {
  if (now.monotonic_ms < feed.rest_until_ms) return false;
  if (feed.changed) return true;
  if (now.monotonic_ms < feed.sync_ms) return false;
  if (!feed.polls) return true;
  // Polls see every change of the peer. What changed here since, or so shortly before that it could
  // be on its way to the peer, only a further state tells: whether it arrived, or that the peer
  // lacks what another one told us.
  const Peer* peer = peers_.find(link);
  if (!peer) return false;
  const std::int64_t touched_ms =
      std::max(peer->registers_sent_ms, replica_.last_change_ms().value_or(0));
  return touched_ms + store::correction_grace_ms > feed.announced_ms;
}

void AnnounceFeed::act(LinkId link, Feed& feed, const Now& now) {
  if (feed.phase == Phase::awaiting_state &&
      now.monotonic_ms >= feed.announced_ms + fetch_timeout_ms) {
    feed.phase = Phase::idle;
    feed.changed = true;
    feed.rest_until_ms = now.monotonic_ms + sync_interval_min_ms;
    const Peer* peer = peers_.find(link);
    const std::string name = peer ? peer->name() : "a peer";
    outbox_.log_repeated(name, "announce", name + " does not answer an announcement");
  }
  if (feed.phase != Phase::idle) return;
  if (wants_fetch(link, feed, now)) {
    announce(link, feed, now);
    return;
  }
  if (now.monotonic_ms >= feed.sync_ms) feed.sync_ms = next_sync_ms(now);
  if (feed.confirm_ms && now.monotonic_ms >= *feed.confirm_ms) {
    feed.confirm_ms.reset();
    feed.confirm = true;
    feed.poll_ms = now.monotonic_ms;
  }
}

void AnnounceFeed::announce(LinkId link, Feed& feed, const Now& now) {
  feed.phase = Phase::awaiting_state;
  feed.announced_ms = now.monotonic_ms;
  feed.changed = false;
  feed.confirm = false;
  feed.has_turn = false;
  feed.confirm_ms.reset();
  feed.sync_ms = next_sync_ms(now);
  outbox_.send_to_name(link, ServedPid::storage, storage_name, nodeup_);
}

void AnnounceFeed::full_state_merged(LinkId link, bool news, const Now& now) {
  const auto found = feeds_.find(link);
  if (found == feeds_.end()) return;
  Feed& feed = found->second;
  // Not asked for: a visible peer's own rhythm, or an answer that had been given up.
  if (feed.phase != Phase::awaiting_state) return;
  feed.phase = Phase::awaiting_baseline;
  feed.shown_ms = now.monotonic_ms;
  feed.news = news;
  ask(link, feed, now);
}

void AnnounceFeed::ask(LinkId link, Feed& feed, const Now& now) {
  feed.asked_ms = now.monotonic_ms;
  requests_.call_encoded(
      link, feed.question, now,
      [this, link, storage = feed.storage](const Result<Term>& answer, const Now& then) {
        const auto found = feeds_.find(link);
        if (found == feeds_.end() || found->second.storage != storage) return;
        found->second.asked_ms.reset();
        answered(link, found->second, answer, then);
      });
}

void AnnounceFeed::answered(LinkId link, Feed& feed, const Result<Term>& answer, const Now& now) {
  const auto activity = AnnounceFeed::activity(answer);
  if (feed.phase == Phase::awaiting_baseline) {
    fetched(feed, activity, now);
  } else if (feed.phase == Phase::idle && activity) {
    polled(feed, *activity, now);
  }
  if (!answer) {
    if (const Peer* peer = peers_.find(link)) {
      outbox_.log_repeated(peer->name(), "reductions",
                           peer->name() + " does not say whether its storage process is busy: " +
                               answer.error().text());
    }
  }
  act(link, feed, now);
}

void AnnounceFeed::polled(Feed& feed, const Activity& activity, const Now& now) {
  const std::int64_t count = feed.count.emplace(activity.reductions);
  const bool is_foreign_fetch =
      feed.complete && feed.cost >= foreign_fetch_cost_min && count - *feed.cost == feed.baseline;
  if (is_foreign_fetch) feed.baseline = count;
  if (is_foreign_fetch || (count == feed.baseline && !feed.confirm)) {
    feed.has_turn = false;
    return;
  }
  if (!feed.patient_until_ms) {
    feed.patient_until_ms = now.monotonic_ms + busy_patience_factor * feed.took_ms;
  }
  if (activity.busy && now.monotonic_ms < *feed.patient_until_ms) {
    feed.poll_ms = next_multiple(poll_interval_ms, now);
  } else {
    feed.changed = true;
  }
}

void AnnounceFeed::fetched(Feed& feed, const std::optional<Activity>& activity, const Now& now) {
  feed.phase = Phase::idle;
  feed.patient_until_ms.reset();
  const std::int64_t passed_ms = now.monotonic_ms - feed.announced_ms;
  // More passes only where this process stood still: that says nothing about the peer.
  if (passed_ms <= fetch_timeout_ms) feed.took_ms = std::max<std::int64_t>(passed_ms, 1);
  feed.rest_until_ms = now.monotonic_ms + fetch_rest_factor * feed.took_ms;
  feed.poll_ms = std::max(feed.poll_ms, feed.rest_until_ms);
  std::optional<std::int64_t> cost;
  if (activity && feed.count) cost = activity->reductions - *feed.count;
  const bool was_complete = std::exchange(feed.complete, !feed.news && cost && cost == feed.cost);
  if (!feed.news) {
    feed.cost = cost;
  } else if (!was_complete) {
    feed.cost.reset();  // what this state brought may have been handled then
  }
  feed.baseline.reset();
  if (activity) feed.baseline = feed.count = activity->reductions;
  if (feed.polls && !feed.complete) {
    feed.confirm_ms = std::max(feed.rest_until_ms, now.monotonic_ms + confirm_delay_ms);
  }
}

bool AnnounceFeed::is_pushed(LinkId writer, LinkId other) const {
  const Peer* from = peers_.find(writer);
  const Peer* to = peers_.find(other);
  return from && to && std::ranges::binary_search(from->sees, to->name());
}

bool AnnounceFeed::is_silent(const Feed& feed, const Now& now) {
  const bool is_fetching = feed.phase != Phase::idle || now.monotonic_ms < feed.rest_until_ms;
  const auto since_ms = is_fetching ? std::optional(feed.announced_ms) : feed.asked_ms;
  return since_ms && now.monotonic_ms - *since_ms > silence_max_ms;
}

bool AnnounceFeed::is_level(const Feed& feed) const {
  return !feed.confirm && replica_.last_change_ms().value_or(0) <= feed.shown_ms;
}

void AnnounceFeed::wake(const Now& now) {
  if (feeds_.empty()) return;
  for (auto& [link, feed] : feeds_) act(link, feed, now);
  std::vector<LinkId> listened_to;
  if (poll_each(false, listened_to, now)) ++first_;
  poll_each(true, listened_to, now);
  take_turns(listened_to, now);
}

void AnnounceFeed::take_turns(const std::vector<LinkId>& listened_to, const Now& now) {
  if (now.monotonic_ms < turn_ms_) return;
  std::pair<const LinkId, Feed>* next = nullptr;
  for (auto& entry : feeds_) {
    const Feed& feed = entry.second;
    const bool waits = feed.polls && feed.phase == Phase::idle && is_level(feed) &&
                       !is_silent(feed, now) &&
                       std::ranges::find(listened_to, entry.first) == listened_to.end();
    if (waits && (next == nullptr || feed.turn_ms < next->second.turn_ms)) next = &entry;
  }
  if (next == nullptr) return;
  turn_ms_ = now.monotonic_ms + turn_interval_ms;
  next->second.turn_ms = now.monotonic_ms;
  next->second.has_turn = true;
  next->second.poll_ms = std::min(next->second.poll_ms, next_poll_ms(now));
}

bool AnnounceFeed::poll_each(bool level, std::vector<LinkId>& listened_to, const Now& now) {
  bool asked = false;
  const auto each = [&](auto& entry) {
    auto& [link, feed] = entry;
    if (!feed.polls || is_level(feed) != level) return;
    const bool due = now.monotonic_ms >= feed.poll_ms;
    if (due) feed.poll_ms = next_poll_ms(now);
    const auto is_told = [&](LinkId other) { return is_pushed(entry.first, other); };
    const bool told = std::ranges::any_of(listened_to, is_told);
    if (is_silent(feed, now) || (told && !feed.has_turn)) return;
    if (due && feed.phase == Phase::idle && !feed.asked_ms) {
      ask(link, feed, now);
      asked = true;
    }
    if (!told && (level || feed.asked_ms)) listened_to.push_back(link);
  };
  const auto first = std::next(feeds_.begin(), static_cast<std::ptrdiff_t>(first_ % feeds_.size()));
  std::for_each(first, feeds_.end(), each);
  std::for_each(feeds_.begin(), first, each);
  return asked;
}

std::optional<std::int64_t> AnnounceFeed::due_ms(const Feed& feed) const {
  if (feed.phase == Phase::awaiting_state) return feed.announced_ms + fetch_timeout_ms;
  // The question has its own. The next sync may be due already, when the state took long: it waits.
  if (feed.phase == Phase::awaiting_baseline) return std::nullopt;
  std::int64_t due = std::max(feed.sync_ms, feed.rest_until_ms);
  // Also while one is under way: the timer is set once a poll, not once an answer.
  if (feed.polls) due = std::min(due, feed.poll_ms);
  if (feed.changed) due = std::min(due, feed.rest_until_ms);
  if (feed.confirm_ms) due = std::min(due, *feed.confirm_ms);
  return due;
}

std::optional<std::int64_t> AnnounceFeed::next_wake_ms() const {
  dist::Earliest next;
  for (const auto& [link, feed] : feeds_) next.add(due_ms(feed));
  return next.ms();
}

}  // namespace groot::process
