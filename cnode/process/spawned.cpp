#include "cnode/process/spawned.hpp"

#include <limits>

#include "cnode/process/limits.hpp"

namespace groot::process {

std::optional<Pid> Spawned::start(LinkId parent) {
  if (processes_.size() >= spawned_max) return std::nullopt;
  const Pid pid = outbox_.pid(next_id_, next_serial_);
  if (next_id_ == std::numeric_limits<std::uint32_t>::max()) {
    next_id_ = static_cast<std::uint32_t>(ServedPid::spawned_first);
    ++next_serial_;
  } else {
    ++next_id_;
  }
  processes_[key(pid)].parent = parent;
  return pid;
}

void Spawned::monitor(const Pid& pid, LinkId link, Pid watcher, Reference ref) {
  processes_.at(key(pid)).watchers.push_back({link, std::move(watcher), std::move(ref)});
}

void Spawned::link(const Pid& pid, LinkId link, Pid other) {
  processes_.at(key(pid)).links.push_back({link, std::move(other)});
}

void Spawned::demonitor(LinkId link, const Reference& ref) {
  for (auto& [pid, process] : processes_) {
    std::erase_if(process.watchers, [&](const Watcher& watcher) {
      return watcher.link == link && watcher.ref == ref;
    });
  }
}

void Spawned::unlink(const Pid& pid, LinkId link, const Pid& other) {
  const auto process = processes_.find(key(pid));
  if (process == processes_.end()) return;
  std::erase_if(process->second.links,
                [&](const Linked& linked) { return linked.link == link && linked.pid == other; });
}

void Spawned::exit(const Pid& pid, const SharedMessage& reason) {
  const auto found = processes_.find(key(pid));
  if (found == processes_.end()) return;
  const Process process = std::move(found->second);
  processes_.erase(found);
  for (const Watcher& watcher : process.watchers) {
    outbox_.send(watcher.link, dist::MonitorPExit{pid, watcher.pid, watcher.ref}, reason);
  }
  for (const Linked& linked : process.links) {
    outbox_.send(linked.link, dist::Exit{pid, linked.pid}, reason);
  }
}

void Spawned::peer_down(LinkId link) {
  std::erase_if(processes_, [link](const auto& entry) { return entry.second.parent == link; });
  for (auto& [pid, process] : processes_) {
    std::erase_if(process.watchers, [link](const Watcher& w) { return w.link == link; });
    std::erase_if(process.links, [link](const Linked& l) { return l.link == link; });
  }
}

}  // namespace groot::process
