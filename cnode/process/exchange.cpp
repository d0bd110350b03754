#include "cnode/process/exchange.hpp"

#include <limits>
#include <utility>

#include "cnode/process/limits.hpp"
#include "cnode/process/peer_process.hpp"

namespace groot::process {

Exchange::Exchange(const RouterOptions& options, Outbox& outbox, Peers& peers,
                   Replication& replication, const store::RegisterMap& registers, Hook hook)
    : self_(options.self.full()),
      random_(options.random),
      outbox_(outbox),
      peers_(peers),
      replication_(replication),
      registers_(registers),
      round_over_(std::move(hook)),
      answers_(outbox, replication, registers) {}

void Exchange::ready(Peer& peer, const Now& now) {
  if (peer.exchanges && !asks(peer)) {
    outbox_.send_to_name(peer.link, ServedPid::exchange, peer_process_name,
                         encode_exchange({0, 0, ExchangeReady{}}));
    return;
  }
  Partner& partner = partners_[peer.link];
  partner.begun = true;
  end_round(partner, now);
  // Else with its word that it is: a round before that could miss what it writes until then.
  if (partner.is_ready || !peer.exchanges) begin_round(peer, partner, now);
}

bool Exchange::receive(LinkId link, const ExchangeMessage& message, const Now& now) {
  Peer* peer = peers_.find(link);
  if (!peer) return true;  // to a peer that is gone there is nothing to say
  if (!asks(*peer)) return peer->exchanges && answers_.answer(*peer, message, now);

  Partner& partner = partners_[link];
  if (std::holds_alternative<ExchangeReady>(message.body)) {
    partner.is_ready = true;
    if (partner.begun && peer->exchanges && !partner.round) begin_round(*peer, partner, now);
    return true;
  }
  // Of a round that was given up.
  if (!partner.round || !partner.round->is_of(message)) return true;
  const bool fits = partner.round->answered(*peer, message, now);
  partner.next_ms = now.monotonic_ms + exchange_timeout_ms;
  const bool is_over = partner.round->is_over();
  if (!fits || is_over) end_round(partner, now);
  if (fits && is_over) round_over_(*peer, now);
  return fits;
}

void Exchange::begin_round(Peer& peer, Partner& partner, const Now& now) {
  if (!peer.exchanges) {
    // However long it takes.
    partner.next_ms = std::numeric_limits<std::int64_t>::max();
    partner.pushing = true;
    replication_.push_full_state(peer, now);
    return;
  }
  const auto number = static_cast<std::uint32_t>(random_());
  partner.round.emplace(number, peer, outbox_, replication_, registers_);
  partner.next_ms = now.monotonic_ms + exchange_timeout_ms;
  wakes_.add(partner.next_ms);
}

void Exchange::state_sent(Peer& peer, const Now& now) {
  const auto partner = partners_.find(peer.link);
  if (partner == partners_.end() || !std::exchange(partner->second.pushing, false)) return;
  end_round(partner->second, now);
  round_over_(peer, now);
}

void Exchange::end_round(Partner& partner, const Now& now) {
  constexpr auto spread =
      static_cast<std::uint64_t>(exchange_interval_max_ms - exchange_interval_min_ms + 1);
  partner.round.reset();
  partner.next_ms =
      now.monotonic_ms + exchange_interval_min_ms + static_cast<std::int64_t>(random_() % spread);
  wakes_.add(partner.next_ms);
}

void Exchange::wake(const Now& now) {
  if (!wakes_.is_due(now.monotonic_ms)) return;
  for (auto& [link, partner] : partners_) {
    if (!partner.begun || now.monotonic_ms < partner.next_ms) continue;
    Peer* peer = peers_.find(link);
    if (!peer) continue;
    if (partner.round) {
      outbox_.log_repeated(peer->name(), "exchange",
                           peer->name() + " did not answer in an exchange of registers");
    }
    begin_round(*peer, partner, now);
  }
  wakes_.clear();
  for (const auto& [link, partner] : partners_) {
    if (partner.begun) wakes_.add(partner.next_ms);
  }
}

}  // namespace groot::process
