// How two nodes of ours become equal again, at a cost that grows with what differs and not with
// what they hold: after a link came up, and then every 10 to 20 s.
//
//   asks (the lesser name)                    answers
//     <──────────────── ready ───────────────   when it has begun to send its writes
//     ─── root: fingerprint of everything ──>
//     <── root_is: the same of the other ────   equal: the round is over
//     ─── compare: ranges that differ,
//         the fingerprints of their parts ──>
//     <── differ: the parts that do, with
//         the fingerprints of their parts,
//         or, of a few registers, stamps ────   and again, one step of the hash trie each way
//     ─── fetch: ranges that only it has ───>
//     <── registers, fetched ────────────────
//     ─── registers, pushed ────────────────>
//     <── taken ─────────────────────────────   until nothing that differs is left
//
// Why ranges of hashes (range-based set reconciliation) and neither a Merkle search tree nor an
// invertible Bloom lookup table: the fingerprints to be kept are 32 KiB of sums that a write
// changes in one place, and all below is computed from the registers when it is asked for, by
// either side alone; a range that one side lacks needs no special case, so that a node that joins
// empty is simply one that differs everywhere; and the side that answers keeps no state, so that a
// cut costs nothing but what was under way. A table takes fewer bytes for each difference (about
// 30, here about 120), but has to know beforehand how many there are, and reads all registers each
// time.
//
// Both sides work in small steps. The asking side has exchange_window questions under way; each is
// answered within a bounded time (exchange_ranges_max, exchange_examined_max) and with a bounded
// chunk of registers (exchange_chunk_bytes), and only an answer leads to the next. So the links'
// queues stay short, and nobody's reads and writes wait for a large state.
//
// Registers travel as ever, as updates to 'Elixir.Groot.Storage', where they are merged as those of
// any peer. What is written meanwhile is sent at once to all and may so be sent twice; the round
// needs no quiet. Fingerprints are short on the wire: two ranges that look alike by chance (one in
// 2^32) do so no longer in the next round, which is salted by another number. A link whose queue
// runs over is closed, as to any peer, and the first round of the next one finds what was lost.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "cnode/dist/earliest.hpp"
#include "cnode/process/exchange_answers.hpp"
#include "cnode/process/exchange_round.hpp"

namespace groot::process {

class Exchange {
 public:
  // `hook` is called on the asking side, and for a peer of another version, when a round is over:
  // the peer has been sent what it lacked.
  using Hook = std::function<void(Peer& peer, const Now& now)>;

  Exchange(const RouterOptions& options, Outbox& outbox, Peers& peers, Replication& replication,
           const store::RegisterMap& registers, Hook hook);

  // From here on the peer, a node of ours, is sent each write. A round with one that does not speak
  // our version is a full state, as ever.
  void ready(Peer& peer, const Now& now);
  void peer_down(LinkId link) { partners_.erase(link); }
  // All that the peer lacked is queued for it: a round with one that does not speak our version is
  // over then.
  void state_sent(Peer& peer, const Now& now);
  // False when the message is none that this peer may send now; what is under way with it is then
  // given up, and the next round begins in its time.
  bool receive(LinkId link, const ExchangeMessage& message, const Now& now);

  void wake(const Now& now);
  // May be too early: see Earliest.
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const { return wakes_.ms(); }

  // One side of a pair asks; which, both know.
  [[nodiscard]] bool asks(const Peer& peer) const { return self_ < peer.name(); }

 private:
  struct Partner {
    bool is_ready = false;     // it sends us each write
    bool begun = false;        // it is sent each write
    bool pushing = false;      // it is being sent the whole state
    std::int64_t next_ms = 0;  // monotonic: the next round, or when the present one is given up
    std::optional<ExchangeRound> round;
  };

  void begin_round(Peer& peer, Partner& partner, const Now& now);
  void end_round(Partner& partner, const Now& now);

  std::string self_;
  std::function<std::uint64_t()> random_;
  Outbox& outbox_;
  Peers& peers_;
  Replication& replication_;
  const store::RegisterMap& registers_;
  Hook round_over_;
  ExchangeAnswers answers_;
  std::map<LinkId, Partner> partners_;
  dist::Earliest wakes_;
};

}  // namespace groot::process
