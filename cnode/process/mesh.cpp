#include "cnode/process/mesh.hpp"

#include <algorithm>
#include <utility>

#include "cnode/process/gen_message.hpp"
#include "cnode/process/limits.hpp"
#include "cnode/process/peer_process.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {

std::optional<std::vector<std::string>> decode_linked(ei_codec::ScannedTerm cast) {
  ei_codec::TermReader reader(cast);
  if (reader.take_tuple() != 2U || !reader.take_atom("linked")) return std::nullopt;
  std::vector<std::string> names;
  const auto count = reader.take_nil() ? std::optional(0U) : reader.take_list();
  if (!count) return std::nullopt;
  for (std::uint32_t i = 0; i < *count && names.size() < linked_names_max; ++i) {
    auto name = reader.take_any_atom();
    if (!name) return std::nullopt;
    names.push_back(*std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

SharedBytes encode_linked(std::span<const std::string> names) {
  std::vector<Term> nodes;
  nodes.reserve(names.size());
  for (const std::string& name : names) nodes.push_back(ei_codec::atom(name));
  return encode_cast(ei_codec::tuple({ei_codec::atom("linked"), ei_codec::list(std::move(nodes))}));
}

SharedBytes Mesh::told() const {
  std::vector<std::string> names;
  for (const auto& [link, peer] : peers_.all()) {
    if (peer.is_ours() && names.size() < linked_names_max) names.push_back(peer.name());
  }
  return encode_linked(names);
}

void Mesh::pass_on(Peer& from, const Peer& to) {
  std::erase(from.passed_on_to, to.link);
  const bool speaks = from.hello && to.hello && from.link != to.link;
  if (speaks && !std::ranges::binary_search(to.linked, from.name())) {
    from.passed_on_to.push_back(to.link);
  }
}

void Mesh::ready(Peer& peer, const Now& now) {
  for (auto& [link, other] : peers_.all()) {
    pass_on(other, peer);
    pass_on(peer, other);
  }
  if (peer.hello) outbox_.send_to_name(peer.link, ServedPid::peer, peer_process_name, told());
  if (!tell_ms_) tell_ms_ = now.monotonic_ms + linked_delay_ms;
}

void Mesh::peer_down(const Peer& peer, const Now& now) {
  if (!peer.is_ours()) return;
  for (auto& [link, other] : peers_.all()) std::erase(other.passed_on_to, peer.link);
  if (!tell_ms_) tell_ms_ = now.monotonic_ms + linked_delay_ms;
}

void Mesh::linked(LinkId link, std::vector<std::string> names) {
  Peer* peer = peers_.find(link);
  if (!peer || peer->linked == names) return;
  peer->linked = std::move(names);
  for (auto& [other_link, other] : peers_.all()) pass_on(other, *peer);
}

void Mesh::wake(const Now& now) {
  if (!tell_ms_ || now.monotonic_ms < *tell_ms_) return;
  tell_ms_.reset();
  std::vector<LinkId> links;
  for (const auto& [link, peer] : peers_.all()) {
    if (peer.hello) links.push_back(link);
  }
  if (links.empty()) return;
  outbox_.send_to_name(std::move(links), ServedPid::peer, peer_process_name, told());
}

}  // namespace groot::process
