// One round of an exchange (exchange.hpp), on the side that asks: from the two root fingerprints to
// equal registers. A step at a time: a few questions are under way (exchange_window), and each
// answer leads to the next, so that neither a turn of the event loop nor a link's queue grows with
// what there is to send.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "cnode/process/exchange_messages.hpp"
#include "cnode/process/replication.hpp"

namespace groot::process {

class ExchangeRound {
 public:
  // Asks for the root fingerprint. `round` is random: it salts what is compared.
  ExchangeRound(std::uint32_t round, Peer& peer, Outbox& outbox, Replication& replication,
                const store::RegisterMap& registers);

  // Whether the message belongs to this round.
  [[nodiscard]] bool is_of(const ExchangeMessage& message) const { return message.round == round_; }
  // False when it answers no question of the round, or not what was asked: the round is over then.
  [[nodiscard]] bool answered(Peer& peer, const ExchangeMessage& answer, const Now& now);
  [[nodiscard]] bool is_over() const { return under_way_.empty(); }

 private:
  struct Question {
    std::size_t kind = 0;  // index in ExchangeBody
    std::vector<HashRange> ranges;
    std::vector<Prefix> prefixes;
  };

  bool on(const Question&, const ExchangeRootIs& root);
  bool on(const Question& question, const ExchangeDiffer& differ);
  bool on(const Question& question, const ExchangeFetched& fetched);
  bool on(const Question& question, const ExchangeTaken&);
  template <class NoAnswer>
  bool on(const Question&, const NoAnswer&) {
    return false;
  }
  void compare_children(const ExchangeDiffer::Entry& theirs);
  void compare_items(const ExchangeDiffer::Entry& theirs);

  // Asks until enough is under way or nothing is left.
  void ask_on(Peer& peer, const Now& now);
  void ask_compare(Peer& peer);
  void ask_fetch(Peer& peer);
  void push(Peer& peer, const Now& now);
  void ask(Peer& peer, ExchangeBody body, std::vector<HashRange> ranges = {},
           std::vector<Prefix> prefixes = {});

  std::uint32_t round_;
  Outbox& outbox_;
  Replication& replication_;
  const store::RegisterMap& registers_;
  std::uint32_t last_number_ = 0;
  std::map<std::uint32_t, Question> under_way_;  // by number
  std::vector<Prefix> to_compare_;               // known to differ, the last first: few at a time
  std::deque<HashRange> to_fetch_;
  std::deque<HashRange> to_push_;
};

}  // namespace groot::process
