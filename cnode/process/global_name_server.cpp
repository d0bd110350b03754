#include "cnode/process/global_name_server.hpp"

#include "cnode/process/gen_message.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {

void answer_global(Outbox& outbox, const NodeName& self, LinkId link,
                   ei_codec::ScannedTerm message) {
  const GenMessage gen = read_gen_message(link, message);
  const auto* cast = std::get_if<GenCast>(&gen);
  if (!cast) return;
  ei_codec::TermReader reader(cast->message);
  if (!reader.take_tuple() || reader.done() || !reader.take_atom("init_connect")) return;
  outbox.send_to_name(
      link, ServedPid::client, global_name_server_name,
      encode_cast(ei_codec::tuple(
          {ei_codec::atom("in_sync"), ei_codec::atom(self.full()), ei_codec::boolean(true)})));
}

}  // namespace groot::process
