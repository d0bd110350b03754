// The answering side of an exchange (exchange.hpp). Keeps nothing between two questions: whoever
// asks knows how far the round is, and asks for no more than it can take.
#pragma once

#include "cnode/process/exchange_messages.hpp"
#include "cnode/process/replication.hpp"

namespace groot::process {

class ExchangeAnswers {
 public:
  ExchangeAnswers(Outbox& outbox, Replication& replication, const store::RegisterMap& registers)
      : outbox_(outbox), replication_(replication), registers_(registers) {}

  // False when the message is none that asks, or asks for more than is allowed.
  bool answer(Peer& peer, const ExchangeMessage& question, const Now& now);

 private:
  [[nodiscard]] ExchangeDiffer differ(const ExchangeCompare& compare, std::uint32_t round) const;
  ExchangeFetched send(Peer& peer, const ExchangeFetch& fetch, const Now& now);

  Outbox& outbox_;
  Replication& replication_;
  const store::RegisterMap& registers_;
};

}  // namespace groot::process
