#include "cnode/process/peer_process.hpp"

#include "cnode/process/mesh.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

std::optional<AllSent> decode_all_sent(ScannedTerm cast) {
  ei_codec::TermReader reader(cast);
  if (reader.take_tuple() != 2U || !reader.take_atom("all_sent")) return std::nullopt;
  const bool doubts = reader.take_atom("true");
  if (!doubts && !reader.take_atom("false")) return std::nullopt;
  return AllSent{doubts};
}

}  // namespace

SharedBytes encode_all_sent(const AllSent& message) {
  return encode_cast(
      ei_codec::tuple({ei_codec::atom("all_sent"), ei_codec::boolean(message.doubts)}));
}

bool PeerProcess::on_call(const ReplyTo& from, ScannedTerm request, const Delivery&, const Now&) {
  ei_codec::TermReader reader(request);
  if (reader.take_tuple() != 2U || !reader.take_atom("hello") || !reader.take_uint64()) {
    return false;
  }
  answer(from, encode_hello(info_));
  return true;
}

bool PeerProcess::on_cast(ScannedTerm message, const Delivery& delivery, const Now& now) {
  if (const auto exchange = decode_exchange(message)) {
    return hooks_.exchange(delivery.link, *exchange, now);
  }
  if (const auto all_sent = decode_all_sent(message)) {
    hooks_.all_sent(delivery.link, *all_sent, now);
    return true;
  }
  auto linked = decode_linked(message);
  if (!linked) return false;
  hooks_.linked(delivery.link, *std::move(linked));
  return true;
}

}  // namespace groot::process
