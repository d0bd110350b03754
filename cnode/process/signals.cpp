#include "cnode/process/signals.hpp"

#include <algorithm>

#include "cnode/process/term_append.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {

namespace {

SharedBytes encoded_atom(std::string_view name) {
  Bytes bytes;
  append_atom(bytes, name);
  return share(std::move(bytes));
}

}  // namespace

bool Signals::is_served(const Pid& pid) const {
  if (!outbox_.is_ours(pid) || pid.serial != 0) return false;
  const auto is_it = [&](ServedPid served) { return pid.id == static_cast<std::uint32_t>(served); };
  return std::ranges::any_of(nameless_pids, is_it) ||
         std::ranges::any_of(names_, [&](const auto& entry) { return is_it(entry.second); });
}

bool Signals::is_spawned(const Pid& pid) const {
  return outbox_.is_ours(pid) && spawned_.is_alive(pid);
}

void Signals::monitor(LinkId link, const dist::MonitorP& monitor) {
  if (const auto* name = std::get_if<ei_codec::Atom>(&monitor.to)) {
    const auto is_it = [&](const auto& entry) { return entry.first == name->name; };
    if (std::ranges::any_of(names_, is_it)) return;
  } else {
    const auto& pid = std::get<Pid>(monitor.to);
    if (is_served(pid)) return;
    if (is_spawned(pid)) {
      spawned_.monitor(pid, link, monitor.from, monitor.ref);
      return;
    }
  }
  outbox_.send(link, dist::MonitorPExit{monitor.to, monitor.from, monitor.ref},
               encoded_atom("noproc"));
}

void Signals::demonitor(LinkId link, const dist::DemonitorP& demonitor) {
  const auto* pid = std::get_if<Pid>(&demonitor.to);
  if (pid != nullptr && outbox_.is_ours(*pid)) spawned_.demonitor(*pid, link, demonitor.ref);
}

void Signals::link(LinkId link, const dist::LinkTo& to) {
  if (is_served(to.to)) return;
  if (is_spawned(to.to)) {
    spawned_.link(to.to, link, to.from);
    return;
  }
  outbox_.send(link, dist::Exit{to.to, to.from}, encoded_atom("noproc"));
}

void Signals::unlink(LinkId link, const dist::Unlink& unlink) {
  if (outbox_.is_ours(unlink.to)) spawned_.unlink(unlink.to, link, unlink.from);
}

void Signals::unlink(LinkId link, const dist::UnlinkId& unlink) {
  if (outbox_.is_ours(unlink.to)) spawned_.unlink(unlink.to, link, unlink.from);
  outbox_.send(link, dist::UnlinkIdAck{unlink.id, unlink.to, unlink.from});
}

void Signals::exit(LinkId link, const dist::Exit& exit, ScannedTerm reason) {
  if (is_spawned(exit.to)) spawned_.unlink(exit.to, link, exit.from);
  end(link, exit.to, reason);
}

void Signals::exit(LinkId link, const dist::Exit2& exit, ScannedTerm reason) {
  end(link, exit.to, reason);
}

void Signals::end(LinkId link, const Pid& pid, ScannedTerm reason) {
  if (is_spawned(pid)) {
    ei_codec::TermReader reader(reason);
    if (reader.take_atom("normal")) return;
    const ei_codec::ByteView bytes = reason.bytes();
    spawned_.exit(pid, reader.take_atom("kill") ? encoded_atom("killed")
                                                : share(Bytes(bytes.begin(), bytes.end())));
    return;
  }
  if (!is_served(pid)) return;
  const Peer* peer = peers_.find(link);
  outbox_.log(LogLine::Level::debug,
              "ignored an exit signal from " + (peer ? peer->name() : std::string("a peer")));
}

}  // namespace groot::process
