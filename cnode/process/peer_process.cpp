#include "cnode/process/peer_process.hpp"

#include "ei_codec/term_reader.hpp"

namespace groot::process {

bool PeerProcess::on_call(const ReplyTo& from, ScannedTerm request, const Delivery&, const Now&) {
  ei_codec::TermReader reader(request);
  if (reader.take_tuple() != 2U || !reader.take_atom("hello") || !reader.take_uint64()) {
    return false;
  }
  answer(from, ei_codec::tuple({ei_codec::atom("hello"), hello_version}));
  return true;
}

bool PeerProcess::on_cast(ScannedTerm message, const Delivery& delivery, const Now& now) {
  ei_codec::TermReader reader(message);
  if (reader.take_tuple() != 3U || !reader.take_atom("all_sent")) return false;
  const auto uptime_ms = reader.take_uint64();
  if (!uptime_ms) return false;
  const bool doubts = reader.take_atom("true");
  if (!doubts && !reader.take_atom("false")) return false;
  all_sent_(delivery.link, *uptime_ms, doubts, now);
  return true;
}

SharedBytes PeerProcess::encode_all_sent(std::int64_t uptime_ms, bool doubts) {
  return encode_cast(
      ei_codec::tuple({ei_codec::atom("all_sent"), uptime_ms, ei_codec::boolean(doubts)}));
}

}  // namespace groot::process
