// A node of ours in the simulation: the real replica and the real router, which is all of it but
// sockets and threads.
//
// A life is what a process holds in memory. It begins empty; a node with a disk would hand its
// folder to the next life here, in `start`, and to nothing else.
#pragma once

#include <memory>
#include <optional>

#include "cnode/process/router.hpp"
#include "cpp_tests/sim/network.hpp"
#include "cpp_tests/sim/promises.hpp"

namespace groot::sim {

class OurNode final : public Node {
 public:
  OurNode(Schedule& schedule, Network& network, Trace& trace, Promises& promises, Random random,
          std::string name, bool visible, process::HiddenFeed feed);

  [[nodiscard]] bool is_ours() const override { return true; }
  [[nodiscard]] bool is_alive() const override { return life_ != nullptr; }
  void link_up(LinkId link, const Node& peer) override;
  void link_down(LinkId link) override;
  void receive(LinkId link, const Packet& packet) override;
  void crash() override { life_.reset(); }
  void start() override;

  // ---- what its users do; precondition: alive ----
  void set(const Bytes& key, const Bytes& value, std::optional<Ms> expires_in);
  void erase(const Bytes& key);
  // Checked, too.
  store::RegisterPtr read(const Bytes& key) const;

  // ---- for the checks; precondition: alive ----
  [[nodiscard]] const store::Replica& replica() const { return life_->replica; }
  [[nodiscard]] const Witness& witness() const { return life_->witness; }
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

  void acknowledged(const Bytes& key, const Bytes& value, store::Effects effects);
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
  std::unique_ptr<Life> life_;
  std::uint32_t lives_ = 0;
  std::optional<Ms> wakes_at_;
  std::uint64_t changes_ = 0;
  std::uint64_t registers_sent_ = 0;
};

}  // namespace groot::sim
