// A node of ours in the simulation: the real replica and the real router, which is all of it but
// sockets and threads.
//
// A life is what a process holds in memory. It begins with what is on the node's disk, if it has
// one, and with nothing else. A node with a disk is written to by calls over a link of their own,
// so that an answer is what its users get: with Saving::sync after the commit.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "cnode/process/router.hpp"
#include "cpp_tests/sim/disk.hpp"
#include "cpp_tests/sim/network.hpp"
#include "cpp_tests/sim/promises.hpp"

namespace groot::sim {

// The link of a node's own users; no link of the network has this number.
inline constexpr LinkId user_link = std::numeric_limits<LinkId>::max();

class OurNode final : public Node {
 public:
  OurNode(Schedule& schedule, Network& network, Trace& trace, Promises& promises, Random random,
          std::string name, bool visible, process::HiddenFeed feed, process::Saving saving);

  [[nodiscard]] bool is_ours() const override { return true; }
  [[nodiscard]] bool is_alive() const override { return life_ != nullptr; }
  [[nodiscard]] bool has_disk() const override { return saving_ != process::Saving::off; }
  void link_up(LinkId link, const Node& peer) override;
  void link_down(LinkId link) override;
  void receive(LinkId link, const Packet& packet) override;
  void crash() override;
  void start() override;

  // ---- what its users do; precondition: alive ----
  void set(const Bytes& key, const Bytes& value, std::optional<Ms> expires_in);
  void erase(const Bytes& key);
  // Checked, too.
  store::RegisterPtr read(const Bytes& key) const;

  // ---- for the checks; precondition of the first two: alive ----
  [[nodiscard]] const store::Replica& replica() const { return life_->replica; }
  [[nodiscard]] const Witness& witness() const { return life_->witness; }
  // Of a node that is not alive: what its disk holds.
  [[nodiscard]] std::optional<Timestamp> held(const Bytes& key) const;
  // Over all lives: changes of registers, and messages with registers that were sent.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }
  [[nodiscard]] std::uint64_t registers_sent() const { return registers_sent_; }

 private:
  struct Life {
    Life(const store::ReplicaOptions& options, process::RouterOptions router_options, Witness seen);
    store::Replica replica;
    process::Router router;
    Witness witness;
  };

  struct Call {
    Bytes key;
    Bytes value;  // empty: a delete
    Timestamp stamp;
  };
  struct Acknowledged {
    Timestamp stamp;
    Ms at;
  };

  void done(const Bytes& key, const Bytes& value, store::Effects effects);
  void written(const store::Register& reg, const Bytes& value);

  // ---- with a disk ----
  void call(Bytes request, Call made);
  void answered(const process::SendFrame& frame);
  void restore();
  // What was in doubt and is given up, by key, with its stamp.
  std::map<Bytes, Timestamp> save();
  void commit_after(Ms delay);
  void note_alive_later();
  // In this life.
  void later(Ms delay, std::function<void()> action);

  // What the router wants done, and when it wants to be woken.
  void settle();
  void arm();
  void wake_at(Ms at);
  void wake();

  Schedule& schedule_;
  Network& network_;
  Trace& trace_;
  Promises& promises_;
  Random random_;
  process::HiddenFeed feed_;
  process::Saving saving_;
  Disk disk_;
  std::unique_ptr<Life> life_;
  bool committing_ = false;
  std::uint64_t calls_ = 0;
  Call* calling_ = nullptr;  // whose write happens now
  std::map<std::uint64_t, Call> unanswered_;
  Ms crashed_at_ = 0;
  std::map<Bytes, Acknowledged> acknowledged_;  // the latest write of each key, and it must be kept
  std::uint32_t lives_ = 0;
  std::optional<Ms> wakes_at_;
  std::uint64_t changes_ = 0;
  std::uint64_t registers_sent_ = 0;
};

}  // namespace groot::sim
