// What users ask of the store, from whichever side: calls to 'Elixir.Groot.Storage', remote calls
// of Groot's functions. Checks what the wire brought, writes, and has the effects carried out.
#pragma once

#include <optional>
#include <string_view>

#include "cnode/process/replication.hpp"
#include "ei_codec/result.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot::process {

using ei_codec::ScannedTerm;

class StoreRequests {
 public:
  StoreRequests(store::Replica& replica, Replication& replication)
      : replica_(replica), replication_(replication) {}

  // Null when absent, deleted, expired, or when the key is none that could be stored.
  [[nodiscard]] store::RegisterPtr get(ScannedTerm key, const Now& now);
  // `expires_in` is nil or milliseconds. Errors: store_errc, codec_errc; nothing changed then.
  Result<void> set(ScannedTerm key, ScannedTerm value, std::optional<ScannedTerm> expires_in,
                   const Now& now);
  Result<void> erase(ScannedTerm key, const Now& now);
  void delete_all(const Now& now);

 private:
  store::Replica& replica_;
  Replication& replication_;
  ei_codec::Bytes key_scratch_;
};

// The atom under which a caller finds the cause of a refusal.
[[nodiscard]] std::string_view refusal_code(const Error& error);

}  // namespace groot::process
