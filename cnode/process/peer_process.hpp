// 'Elixir.Groot.Peer': how nodes of this kind know each other. No BEAM registers the name, so the
// question hurts nobody: {hello, Version} → {hello, 1}.
//
// Behind the registers that it sends when the link comes up, each casts {all_sent, UptimeMs,
// Doubts} to the other: how long it has been up, and whether it held some back that it doubts
// (store/doubt).
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "cnode/process/served_process.hpp"

namespace groot::process {

inline constexpr std::string_view peer_process_name = "Elixir.Groot.Peer";
// Raised when nodes of ours come to talk to each other in another way.
inline constexpr int hello_version = 1;

class PeerProcess final : public ServedProcess {
 public:
  using AllSent =
      std::function<void(LinkId link, std::uint64_t uptime_ms, bool doubts, const Now& now)>;

  PeerProcess(Outbox& outbox, AllSent all_sent)
      : ServedProcess(outbox, ServedPid::peer, peer_process_name), all_sent_(std::move(all_sent)) {}

  // What we cast ourselves.
  [[nodiscard]] static SharedBytes encode_all_sent(std::int64_t uptime_ms, bool doubts);

 protected:
  bool on_call(const ReplyTo& from, ScannedTerm request, const Delivery& delivery,
               const Now& now) override;
  bool on_cast(ScannedTerm message, const Delivery& delivery, const Now& now) override;

 private:
  AllSent all_sent_;
};

}  // namespace groot::process
