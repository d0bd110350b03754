#include "cnode/process/peer_clocks.hpp"

#include <cstdlib>

#include "cnode/process/limits.hpp"

namespace groot::process {

PeerClocks::PeerClocks(Outbox& outbox, Peers& peers, Requests& requests, store::Replica& replica)
    : outbox_(outbox),
      peers_(peers),
      requests_(requests),
      replica_(replica),
      system_time_(requests.encode_call("erlang", "system_time", {ei_codec::atom("millisecond")})) {
}

void PeerClocks::peer_up(const Peer& peer, const Now& now) {
  if (!peer.info.can_be_asked()) return;
  if (asked_.empty()) next_ms_ = now.monotonic_ms + clock_question_interval_ms;
  asked_[peer.link] = std::nullopt;
  replica_.wall_time().await(peer.id);
  ask(peer, now);
}

void PeerClocks::peer_down(const Peer& peer) {
  asked_.erase(peer.link);
  replica_.wall_time().gone(peer.id);
}

void PeerClocks::ask(const Peer& peer, const Now& now) {
  requests_.call_encoded(
      peer.link, system_time_, now,
      [this, link = peer.link, asked = now](const Result<Term>& answer, const Now& then) {
        answered(link, asked, answer, then);
      });
}

void PeerClocks::answered(LinkId link, const Now& asked, const Result<Term>& answer,
                          const Now& now) {
  const Peer* peer = peers_.find(link);
  if (!peer) return;
  const auto* time_ms = answer ? answer->get_if<std::int64_t>() : nullptr;
  const std::int64_t took_ms = now.monotonic_ms - asked.monotonic_ms;
  // Our own time was set meanwhile, or this machine slept.
  const bool is_even = took_ms <= request_timeout_ms &&
                       std::abs(now.wall_ms - asked.wall_ms - took_ms) <= clock_answer_error_ms;
  if (time_ms == nullptr || *time_ms < 0 || !is_even) {
    replica_.wall_time().cannot_say(peer->id);
    return;
  }
  const std::int64_t ahead_ms = *time_ms - (now.wall_ms - took_ms / 2);
  replica_.wall_time().heard(peer->id, ahead_ms);
  report(*peer, ahead_ms, now);
}

void PeerClocks::report(const Peer& peer, std::int64_t ahead_ms, const Now& now) {
  if (std::abs(ahead_ms) <= store::drift_max_ms) return;
  auto& reported_ms = asked_[peer.link];
  if (reported_ms && now.monotonic_ms - *reported_ms < clock_report_interval_ms) return;
  reported_ms = now.monotonic_ms;
  outbox_.log_repeated(peer.name(), "clock",
                       "the clocks of " + peer.name() + " and of this node are " +
                           std::to_string(std::abs(ahead_ms) / 1'000) + " s apart: that one is " +
                           (ahead_ms > 0 ? "ahead" : "behind"));
}

void PeerClocks::wake(const Now& now) {
  if (asked_.empty() || now.monotonic_ms < next_ms_) return;
  next_ms_ = now.monotonic_ms + clock_question_interval_ms;
  for (const auto& [link, reported] : asked_) {
    if (const Peer* peer = peers_.find(link)) ask(*peer, now);
  }
}

std::optional<std::int64_t> PeerClocks::next_wake_ms() const {
  return asked_.empty() ? std::nullopt : std::optional(next_ms_);
}

}  // namespace groot::process
