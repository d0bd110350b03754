#include "cnode/process/group_leader.hpp"

#include "cnode/process/term_append.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {

void answer_io_request(Outbox& outbox, LinkId link, ei_codec::ScannedTerm message) {
  ei_codec::TermReader reader(message);
  if (reader.take_tuple() != 4U || !reader.take_atom("io_request")) return;
  const auto decoded = decode_term(reader.take_term());
  const auto* from = decoded ? decoded->get_if<Pid>() : nullptr;
  if (!from) return;
  Bytes answer;
  append_tuple(answer, 3);
  append_atom(answer, "io_reply");
  append_bytes(answer, reader.take_term().bytes());
  append_atom(answer, "ok");
  outbox.send(link, dist::Send{outbox.pid(ServedPid::group_leader), *from},
              share(std::move(answer)));
}

}  // namespace groot::process
