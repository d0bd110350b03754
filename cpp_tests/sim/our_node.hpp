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

struct OurOptions {
  bool visible = false;
  process::HiddenFeed feed = process::HiddenFeed::announce;
  process::Saving saving = process::Saving::off;
  Ms tombstone_ttl = store::tombstone_ttl_ms_default;
  store::HashSecret hash_secret = {};
  std::optional<std::uint64_t> node_id =
      std::nullopt;  // for every life; else a random one for each
  // It hashes keys unlike the others; it speaks another version of what nodes of ours say to each
  // other beside registers.
  bool hashes_otherwise = false;
  bool other_version = false;
  bool small_pieces = false;  // what a peer lacks goes to it a register or two at a time
};

class OurNode final : public Node {
 public:
  OurNode(Schedule& schedule, Network& network, Trace& trace, Promises& promises, Random random,
          std::string name, const OurOptions& options);

  [[nodiscard]] bool is_ours() const override { return true; }
  // As it believes it to be, while it is alive.
  [[nodiscard]] Now now() const;
  [[nodiscard]] bool is_alive() const override { return life_ != nullptr; }
  [[nodiscard]] std::uint64_t life() const override { return lives_; }
  [[nodiscard]] bool has_disk() const override { return options_.saving != process::Saving::off; }
  void link_up(LinkId link, const Node& peer) override;
  void link_down(LinkId link) override;
  void receive(LinkId link, const Packet& packet) override;
  void crash() override;
  void start() override;

  // ---- what its users do; precondition: alive ----
  void set(const Bytes& key, const Bytes& value, std::optional<Ms> expires_in);
  void erase(const Bytes& key);
  // delete_all, called for this node alone.
  void wipe();
  // Checked, too.
  store::RegisterPtr read(const Bytes& key) const;

  // Another one may have the same node id.
  [[nodiscard]] bool has_shared_id() const { return options_.node_id.has_value(); }
  // Stock sends it each write, by itself or through a tap.
  [[nodiscard]] bool is_told() const {
    return is_visible() || options_.feed == process::HiddenFeed::tap;
  }

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
    Life(const store::ReplicaOptions& options, Witness seen);
    store::Replica replica;
    std::optional<process::Router> router;  // from when the replica is what the disk holds
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
  [[nodiscard]] Timestamp last_to_beat() const;
  // What was in doubt and is given up, by key, with its stamp.
  std::map<Bytes, Timestamp> save();
  void commit_after(Ms delay);
  void note_alive_later();
  // In this life.
  void later(Ms delay, std::function<void()> action);

  // What the router wants done, and when it wants to be woken.
  void settle();
  void tell_room(LinkId link);
  void arm();
  void wake_at(Ms at);
  void wake();

  Schedule& schedule_;
  Network& network_;
  Trace& trace_;
  Promises& promises_;
  Random random_;
  OurOptions options_;
  Disk disk_;
  std::unique_ptr<Life> life_;
  bool committing_ = false;
  bool wiping_ = false;
  std::uint64_t calls_ = 0;
  Call* calling_ = nullptr;  // whose write happens now
  std::map<std::uint64_t, Call> unanswered_;
  Ms crashed_at_ = 0;
  // Of the life that it ended: its last stamp, and whether there are some that the clock in the
  // file knew nothing of.
  struct {
    Timestamp issued;
    Ms wall_ms = 0;
    bool beside_its_clock = false;
  } crash_;
  std::map<Bytes, Acknowledged> acknowledged_;  // the latest write of each key, and it must be kept
  std::uint32_t lives_ = 0;
  std::optional<Ms> wakes_at_;
  std::uint64_t changes_ = 0;
  std::uint64_t registers_sent_ = 0;
};

}  // namespace groot::sim
