#include "cnode/process/global_name_server.hpp"

#include <algorithm>

#include "cnode/process/gen_message.hpp"
#include "cnode/process/limits.hpp"

namespace groot::process {
namespace {

using ei_codec::TermReader;

// The nodes among the keys of #{Node => Vsn, {connection_id, Node} => N, ...}; before OTP 25 a list
// of nodes.
std::vector<std::string> known_nodes(TermReader& reader) {
  std::vector<std::string> nodes;
  const auto pairs = reader.take_map();
  const auto count = pairs ? pairs : reader.take_list();
  for (std::uint32_t i = 0; count && i < *count; ++i) {
    if (auto node = reader.take_any_atom()) {
      nodes.push_back(*std::move(node));
    } else {
      reader.take_term();
    }
    if (pairs) reader.take_term();
  }
  return nodes;
}

}  // namespace

void GlobalNameServer::receive(LinkId link, ei_codec::ScannedTerm message) {
  const GenMessage gen = read_gen_message(link, message);
  if (const auto* cast = std::get_if<GenCast>(&gen)) {
    TermReader reader(cast->message);
    const auto arity = reader.take_tuple();
    if (arity && *arity > 0 && reader.take_atom("init_connect")) init_connect(link, reader);
  } else if (const auto* plain = std::get_if<PlainMessage>(&gen)) {
    TermReader reader(plain->message);
    if (reader.take_tuple() != 2U || !reader.take_atom("remove_connection")) return;
    const Peer* peer = peers_.find(link);
    if (peer && reader.take_atom(peer->name())) hooks_.removed(*peer);
  }
}

// {init_connect, {Vsn, Tag}, Node, {locker, no_longer_a_pid, Known, LockerPid}}
void GlobalNameServer::init_connect(LinkId link, TermReader& reader) {
  outbox_.send_to_name(
      link, ServedPid::client, global_name_server_name,
      encode_cast(ei_codec::tuple(
          {ei_codec::atom("in_sync"), ei_codec::atom(self_.full()), ei_codec::boolean(true)})));
  if (reader.done()) return;
  reader.take_term();
  if (reader.done()) return;
  reader.take_term();
  if (reader.done() || reader.take_tuple() != 4U) return;
  reader.take_term();
  reader.take_term();
  const std::vector<std::string> known = known_nodes(reader);
  introduce(link, known);
  hooks_.nodes_named(link, known);
}

void GlobalNameServer::introduce(LinkId link, const std::vector<std::string>& known) {
  Peer* const newcomer = peers_.find(link);
  if (newcomer == nullptr) return;
  newcomer->wants_mesh = true;
  std::size_t named = 0;
  for (const auto& [other_link, other] : peers_.all()) {
    if (named == introductions_max) return;
    if (other_link == link || !other.wants_mesh) continue;
    if (std::ranges::find(known, other.name()) != known.end()) continue;
    ++named;
    // {cast, M, F, A, GroupLeader}, as rpc:cast/4 sends it.
    outbox_.send_to_name(
        link, ServedPid::client, "rex",
        encode_cast(ei_codec::tuple(
            {ei_codec::atom("cast"), ei_codec::atom("net_kernel"), ei_codec::atom("connect_node"),
             ei_codec::list({ei_codec::atom(other.name())}), ei_codec::atom("user")})));
  }
}

}  // namespace groot::process
