#include "cnode/process/store_requests.hpp"

#include "cnode/process/process_error.hpp"
#include "cnode/process/register_codec.hpp"
#include "ei_codec/term_reader.hpp"
#include "store/store_error.hpp"

namespace groot::process {

store::RegisterPtr StoreRequests::get(ScannedTerm key, const Now& now) {
  const auto canonical = canonical_key(key, key_scratch_);
  return canonical ? replica_.get(*canonical, now.deadline_ms()) : nullptr;
}

Result<void> StoreRequests::set(ScannedTerm key, ScannedTerm value,
                                std::optional<ScannedTerm> expires_in, const Now& now) {
  std::optional<std::int64_t> expires_in_ms;
  if (expires_in) {
    TermReader reader(*expires_in);
    if (!reader.take_atom("nil")) {
      expires_in_ms = reader.take_int64();
      if (!expires_in_ms) return store::make_error_code(store::store_errc::bad_expiry);
    }
  }
  const auto canonical = canonical_key(key, key_scratch_);
  if (!canonical) return canonical.error();
  if (auto unique = check_unique_keys(value); !unique) return unique;
  store::Effects effects;
  auto done =
      replica_.set(*canonical, {value.bytes(), value.buffer()}, expires_in_ms, now, effects);
  replication_.perform(std::move(effects), now);
  return done;
}

Result<void> StoreRequests::erase(ScannedTerm key, const Now& now) {
  const auto canonical = canonical_key(key, key_scratch_);
  if (!canonical) return canonical.error();
  store::Effects effects;
  auto done = replica_.erase(*canonical, now, effects);
  replication_.perform(std::move(effects), now);
  return done;
}

void StoreRequests::delete_all(const Now& now) {
  store::Effects effects;
  replica_.clear(effects);
  replication_.perform(std::move(effects), now);
}

std::string_view refusal_code(const Error& error) {
  if (error.code == store::store_errc::bad_expiry) return "bad_expiry";
  if (error.code == store::store_errc::value_too_large) return "value_too_large";
  if (error.code == store::store_errc::key_too_large) return "key_too_large";
  if (error.code == store::store_errc::clock_exhausted) return "clock_exhausted";
  if (error.code == process_errc::not_saved) return "not_saved";
  return "bad_term";
}

}  // namespace groot::process
