#include "cnode/process/clock_question.hpp"

#include "cnode/process/timestamp_codec.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::process {
namespace {

std::optional<store::Timestamp> stamp_in(const Term& state) {
  const auto* map = state.get_if<ei_codec::Map>();
  const Term* last = map ? map->find(ei_codec::atom("timestamp")) : nullptr;
  if (last == nullptr) return std::nullopt;
  const Bytes encoded = encode_term(*last);
  ei_codec::TermReader reader(ei_codec::ScannedTerm::trusted(encoded));
  const auto stamp = read_timestamp(reader);
  return stamp ? std::optional(*stamp) : std::nullopt;
}

}  // namespace

void ask_clock(Requests& requests, const Peer& peer, store::Replica& replica, const Now& now) {
  requests.call(peer.link, "sys", "get_state", {ei_codec::atom("Elixir.Groot.Clock")}, now,
                [&replica, id = peer.id](const Result<Term>& answer, const Now&) {
                  const auto stamp = answer ? stamp_in(*answer) : std::nullopt;
                  if (stamp) replica.clock_of(id, *stamp);
                });
}

}  // namespace groot::process
