// 'global_name_server' of a polite node (distribution.md 7.4): where a BEAM sees this node as
// visible, it wants to exchange global names, and global:sync() waits until told that there are
// none. The name counts as not registered: monitors of it get noproc, calls to it thereby fail at
// once.
//
//   {'$gen_cast', {init_connect, ...}}   cast {in_sync, OurNode, true}; the nodes that it names are
//                                        dialled, and it is introduced to those that it lacks
//   {remove_connection, Node}            the link ends, for Node waits for that; later it is made
//                                        anew
//   any other                            nothing: only full members are sent the rest, or wait for
//                                        an answer to it
//
// Among BEAMs whom a newcomer connects to tells all others of it, by the exchange of names, which
// we take no part in. Instead the newcomer is asked to connect to some of them, as a user would by
// Node.connect: these tell it the rest. Only who says init_connect is asked and named: it wants to
// be connected with all (`connect_all`).
//
// In particular {lost_connection, A, _, _, B} does not end our link to B. It asks that of nodes
// which take part in global's partitions, and nobody takes us for one: no BEAM knows us by an
// exchange of names.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cnode/process/outbox.hpp"
#include "cnode/process/peers.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {

inline constexpr std::string_view global_name_server_name = "global_name_server";

class GlobalNameServer {
 public:
  struct Hooks {
    // The visible nodes that this peer knows.
    std::function<void(LinkId link, const std::vector<std::string>& nodes)> nodes_named;
    std::function<void(const Peer& peer)> removed;
  };

  GlobalNameServer(const NodeName& self, Outbox& outbox, Peers& peers, Hooks hooks)
      : self_(self), outbox_(outbox), peers_(peers), hooks_(std::move(hooks)) {}

  void receive(LinkId link, ei_codec::ScannedTerm message);

 private:
  void init_connect(LinkId link, ei_codec::TermReader& reader);
  // Asks the peer to connect to some that it lacks of those that want to be connected with all.
  void introduce(LinkId link, const std::vector<std::string>& known);

  const NodeName& self_;
  Outbox& outbox_;
  Peers& peers_;
  Hooks hooks_;
};

}  // namespace groot::process
