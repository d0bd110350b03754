// 'Elixir.Groot.Storage': every message of groot-protocol section 2, from peers and from users.
#pragma once

#include <functional>

#include "cnode/process/kept_peers.hpp"
#include "cnode/process/replication.hpp"
#include "cnode/process/saves.hpp"
#include "cnode/process/served_process.hpp"
#include "cnode/process/store_requests.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {

class StorageProcess final : public ServedProcess {
 public:
  struct Hooks {
    // The storage process that this peer had on an earlier link sent a state.
    std::function<void(const Peer& peer, const StorageSeen& storage, const Now& now)> storage_spoke;
    // A stock peer's complete state was merged; `news`: it changed something here.
    std::function<void(LinkId link, bool news, const Now& now)> full_state_merged;
  };

  StorageProcess(Outbox& outbox, Peers& peers, store::Replica& replica, Replication& replication,
                 StoreRequests& requests, Saves& saves, const KeptPeers& kept_peers, Hooks hooks)
      : ServedProcess(outbox, ServedPid::storage, storage_name),
        peers_(peers),
        replica_(replica),
        replication_(replication),
        requests_(requests),
        saves_(saves),
        kept_peers_(kept_peers),
        hooks_(std::move(hooks)) {}

  // #{table => 'Elixir.Groot.Storage', registers => #{Key => R}}, as stock Groot's.
  void append_state(Bytes& out) const override;
  // How changes are saved, and what is amiss.
  [[nodiscard]] std::vector<ei_codec::Term> status() const override;

 protected:
  bool on_call(const ReplyTo& from, ScannedTerm request, const Delivery& delivery,
               const Now& now) override;
  bool on_cast(ScannedTerm message, const Delivery& delivery, const Now& now) override;
  void on_info(const Delivery& delivery, const Now& now) override;

 private:
  bool update_register(ei_codec::TermReader& reader, const Delivery& delivery, const Now& now);
  bool update_registers(ei_codec::TermReader& reader, const Delivery& delivery, const Now& now);
  // One after the other, and what changes here is passed on.
  bool merge_and_pass_on(const Peer& from, std::span<const store::RegisterView> registers,
                         const Now& now, store::Effects& effects);
  // The storage process of a stock peer sent it: by itself it sends what is written there, one by
  // one, and all that it has.
  [[nodiscard]] static bool is_from_storage(const Peer& peer, const Delivery& delivery);
  [[nodiscard]] bool is_complete_state(const Delivery& delivery, const Now& now);
  bool propagate_delete(ScannedTerm key, const Delivery& delivery, const Now& now);
  void skipped(const Delivery& delivery, std::uint32_t count, const Error& why);
  // Of a write: once it is saved, where that is waited for.
  void answer_write(const ReplyTo& to, const Result<void>& written, const Now& now);
  void answer_result(const ReplyTo& to, const Result<void>& result);

  Peers& peers_;
  store::Replica& replica_;
  Replication& replication_;
  StoreRequests& requests_;
  Saves& saves_;
  const KeptPeers& kept_peers_;
  Hooks hooks_;
  Bytes key_scratch_;
};

}  // namespace groot::process
