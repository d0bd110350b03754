// 'Elixir.Groot.Peer': how nodes of this kind know each other. No BEAM registers the name, so the
// question hurts nobody: hello.hpp says what it is. Casts to it are the exchange's
// (exchange_messages.hpp), which nodes of one version hold with each other, and {all_sent,
// Doubts}: each says it to the other behind all that the other lacked, that is after each round of
// the exchange or each full state, and whether it held some back that it doubts (store/doubt.hpp).
// {linked, Nodes} is the mesh's (mesh.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "cnode/process/exchange_messages.hpp"
#include "cnode/process/hello.hpp"
#include "cnode/process/served_process.hpp"

namespace groot::process {

inline constexpr std::string_view peer_process_name = "Elixir.Groot.Peer";

struct AllSent {
  bool doubts = false;
};
[[nodiscard]] SharedBytes encode_all_sent(const AllSent& message);

class PeerProcess final : public ServedProcess {
 public:
  struct Hooks {
    // False when it is none that the exchange takes from this link now.
    std::function<bool(LinkId link, const ExchangeMessage& message, const Now& now)> exchange;
    std::function<void(LinkId link, const AllSent& message, const Now& now)> all_sent;
    // The sender is linked with these nodes of ours; sorted.
    std::function<void(LinkId link, std::vector<std::string> nodes)> linked;
  };

  PeerProcess(Outbox& outbox, const HelloInfo& info, Hooks hooks)
      : ServedProcess(outbox, ServedPid::peer, peer_process_name),
        info_(info),
        hooks_(std::move(hooks)) {}

 protected:
  bool on_call(const ReplyTo& from, ScannedTerm request, const Delivery& delivery,
               const Now& now) override;
  bool on_cast(ScannedTerm message, const Delivery& delivery, const Now& now) override;

 private:
  HelloInfo info_;
  Hooks hooks_;
};

}  // namespace groot::process
