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
  const auto decoded = decode_exchange(message);
  return decoded && on_exchange_(delivery.link, *decoded, now);
}

}  // namespace groot::process
