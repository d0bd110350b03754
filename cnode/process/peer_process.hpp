// 'Elixir.Groot.Peer': how nodes of this kind know each other. No BEAM registers the name, so the
// question hurts nobody: {hello, Version} → {hello, 1}.
#pragma once

#include "cnode/process/served_process.hpp"

namespace groot::process {

inline constexpr std::string_view peer_process_name = "Elixir.Groot.Peer";
// Raised when nodes of ours come to talk to each other in another way.
inline constexpr int hello_version = 1;

class PeerProcess final : public ServedProcess {
 public:
  explicit PeerProcess(Outbox& outbox)
      : ServedProcess(outbox, ServedPid::peer, peer_process_name) {}

 protected:
  bool on_call(const ReplyTo& from, ScannedTerm request, const Delivery& delivery,
               const Now& now) override;
};

}  // namespace groot::process
