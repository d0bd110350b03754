// How nodes of ours find each other, hidden ones too, and how what one of them writes reaches those
// that have no link with it.
//
//   {linked, [Node, ...]}, a cast to 'Elixir.Groot.Peer': the nodes of ours that the sender is
//   linked with, all of them, at link up and soon after each change. To nodes of our version only.
//
// Who hears a name that is new to it dials that node. Until that link is up, and for good where it
// cannot be, what is new from the one is passed on to the other: by whoever is linked with both,
// and has not heard that they are linked with each other. Only what changed something here is
// passed on, or came by another way before, so it comes to its end by itself; and only writes: what
// an exchange brings, an exchange takes on.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cnode/process/outbox.hpp"
#include "cnode/process/peers.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot::process {

// The names, sorted; those beyond linked_names_max are left out. None when the cast is another one.
[[nodiscard]] std::optional<std::vector<std::string>> decode_linked(ei_codec::ScannedTerm cast);
[[nodiscard]] SharedBytes encode_linked(std::span<const std::string> names);

class Mesh {
 public:
  Mesh(Outbox& outbox, Peers& peers) : outbox_(outbox), peers_(peers) {}

  // The peer is a node of ours.
  void ready(Peer& peer, const Now& now);
  // The peer is about to be removed.
  void peer_down(const Peer& peer, const Now& now);
  // The peer says whom it is linked with; `names` are sorted.
  void linked(LinkId link, std::vector<std::string> names);

  void wake(const Now& now);
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const { return tell_ms_; }

 private:
  [[nodiscard]] SharedBytes told() const;
  // Whether what `from` writes is passed on to `to`, from now on.
  static void pass_on(Peer& from, const Peer& to);

  Outbox& outbox_;
  Peers& peers_;
  std::optional<std::int64_t> tell_ms_;  // when the peers are told what has changed
};

}  // namespace groot::process
