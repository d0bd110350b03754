// 'Elixir.Groot.Peer': how nodes of this kind know each other. No BEAM registers the name, so the
// question hurts nobody: {hello, Version} → {hello, 2}. Casts to it are the exchange's
// (exchange_messages.hpp), which nodes of one version hold with each other.
#pragma once

#include <functional>
#include <utility>

#include "cnode/process/exchange_messages.hpp"
#include "cnode/process/served_process.hpp"

namespace groot::process {

inline constexpr std::string_view peer_process_name = "Elixir.Groot.Peer";
// Raised when nodes of ours come to talk to each other in another way. Version 1 knows no exchange.
inline constexpr int hello_version = 2;

class PeerProcess final : public ServedProcess {
 public:
  // False when it is none that the exchange takes from this link now.
  using OnExchange =
      std::function<bool(LinkId link, const ExchangeMessage& message, const Now& now)>;

  PeerProcess(Outbox& outbox, OnExchange on_exchange)
      : ServedProcess(outbox, ServedPid::peer, peer_process_name),
        on_exchange_(std::move(on_exchange)) {}

 protected:
  bool on_call(const ReplyTo& from, ScannedTerm request, const Delivery& delivery,
               const Now& now) override;
  bool on_cast(ScannedTerm message, const Delivery& delivery, const Now& now) override;

 private:
  OnExchange on_exchange_;
};

}  // namespace groot::process
