// Processes that peers spawned here and that still run: most calls end at once, Node.connect takes
// its time. Their monitors, links, and how they end.
//
// A process under a registered name needs none of this: it lives as long as the node, and the end
// of the link tells its watchers.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "cnode/process/outbox.hpp"

namespace groot::process {

class Spawned {
 public:
  explicit Spawned(Outbox& outbox) : outbox_(outbox) {}

  // Nothing when there are spawned_max already.
  [[nodiscard]] std::optional<Pid> start(LinkId parent);
  [[nodiscard]] bool is_alive(const Pid& pid) const {
    return outbox_.is_ours(pid) && processes_.contains(key(pid));
  }
  [[nodiscard]] std::size_t size() const { return processes_.size(); }
  [[nodiscard]] std::vector<Pid> all() const;

  // Precondition of the next two: is_alive.
  void monitor(const Pid& pid, LinkId link, Pid watcher, Reference ref);
  void link(const Pid& pid, LinkId link, Pid other);
  void demonitor(const Pid& pid, LinkId link, const Reference& ref);
  void unlink(const Pid& pid, LinkId link, const Pid& other);

  // Ends the process: tells its watchers and links `reason`, encoded. Nothing when it has ended.
  void exit(const Pid& pid, const SharedMessage& reason);
  // The link ended: what it watched is forgotten, what it spawned ends without a word.
  void peer_down(LinkId link);

 private:
  using Key = std::pair<std::uint32_t, std::uint32_t>;  // id, serial
  // A peer may have any number of either.
  struct Process {
    LinkId parent = 0;
    std::map<std::pair<LinkId, Reference>, Pid> watchers;
    std::set<std::pair<LinkId, Pid>> links;
  };
  static Key key(const Pid& pid) { return {pid.serial, pid.id}; }

  Outbox& outbox_;
  std::map<Key, Process> processes_;
  std::uint32_t next_id_ = static_cast<std::uint32_t>(ServedPid::spawned_first);
  std::uint32_t next_serial_ = 0;
};

}  // namespace groot::process
