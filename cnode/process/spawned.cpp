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

std::vector<Pid> Spawned::all() const {
  std::vector<Pid> pids;
  for (const auto& [pid, process] : processes_) pids.push_back(outbox_.pid(pid.second, pid.first));
  return pids;
}

void Spawned::monitor(const Pid& pid, LinkId link, Pid watcher, Reference ref) {
  processes_.at(key(pid)).watchers.try_emplace({link, std::move(ref)}, std::move(watcher));
}

void Spawned::link(const Pid& pid, LinkId link, Pid other) {
  processes_.at(key(pid)).links.emplace(link, std::move(other));
}

void Spawned::demonitor(const Pid& pid, LinkId link, const Reference& ref) {
  const auto process = processes_.find(key(pid));
  if (process != processes_.end()) process->second.watchers.erase({link, ref});
}

void Spawned::unlink(const Pid& pid, LinkId link, const Pid& other) {
  const auto process = processes_.find(key(pid));
  if (process != processes_.end()) process->second.links.erase({link, other});
}

void Spawned::exit(const Pid& pid, const SharedMessage& reason) {
  const auto found = processes_.find(key(pid));
  if (found == processes_.end()) return;
  const Process process = std::move(found->second);
  processes_.erase(found);
  for (const auto& [at, watcher] : process.watchers) {
    outbox_.send(at.first, dist::MonitorPExit{pid, watcher, at.second}, reason);
  }
  for (const auto& [link, other] : process.links) {
    outbox_.send(link, dist::Exit{pid, other}, reason);
  }
}

void Spawned::peer_down(LinkId link) {
  std::erase_if(processes_, [link](const auto& entry) { return entry.second.parent == link; });
  for (auto& [pid, process] : processes_) {
    std::erase_if(process.watchers, [link](const auto& one) { return one.first.first == link; });
    std::erase_if(process.links, [link](const auto& one) { return one.first == link; });
  }
}

}  // namespace groot::process
