// Links, monitors and exit signals between processes of peers and ours (distribution.md section 5).
//
// Processes under a registered name live as long as the node: nothing is remembered for them, and
// no exit signal ends them. Spawned ones (Spawned) behave as on a BEAM.
#pragma once

#include "cnode/process/outbox.hpp"
#include "cnode/process/peers.hpp"
#include "cnode/process/spawned.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot::process {

using ei_codec::ScannedTerm;

// The names registered on this node and their pids.
using RegisteredNames = std::vector<std::pair<std::string_view, ServedPid>>;

class Signals {
 public:
  Signals(Outbox& outbox, Peers& peers, Spawned& spawned, const RegisteredNames& names)
      : outbox_(outbox), peers_(peers), spawned_(spawned), names_(names) {}

  // An unknown target is answered at once: a gen call without a time-out waits for nothing else.
  void monitor(LinkId link, const dist::MonitorP& monitor);
  void demonitor(LinkId link, const dist::DemonitorP& demonitor);
  void link(LinkId link, const dist::LinkTo& to);
  void unlink(LinkId link, const dist::Unlink& unlink);
  // Always acknowledged, also where there is no link.
  void unlink(LinkId link, const dist::UnlinkId& unlink);
  // From a linked process: the link is gone with it. From exit/2: links stay.
  void exit(LinkId link, const dist::Exit& exit, ScannedTerm reason);
  void exit(LinkId link, const dist::Exit2& exit, ScannedTerm reason);

 private:
  void end(LinkId link, const Pid& pid, ScannedTerm reason);
  [[nodiscard]] bool is_served(const Pid& pid) const;
  [[nodiscard]] bool is_spawned(const Pid& pid) const;

  Outbox& outbox_;
  Peers& peers_;
  Spawned& spawned_;
  const RegisteredNames& names_;
};

}  // namespace groot::process
