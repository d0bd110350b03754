// A BEAM node with stock Groot: a model of one of its three versions with its faults
// (groot-protocol sections 2 to 5), and of what the BEAM around it answers to a node of ours.
//
// What kills a stock process is a broken promise when a node of ours sent it. Stock nodes do it to
// each other: a delete of a later version kills the storage process of 0.1.x.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "cpp_tests/sim/network.hpp"
#include "cpp_tests/sim/promises.hpp"
#include "cpp_tests/sim/stock_clock.hpp"
#include "cpp_tests/sim/stock_storage.hpp"

namespace groot::sim {

enum class StockVersion {
  v0_1,            // hlclock 1.0.0, no delete
  v0_1_new_clock,  // hlclock 1.1.0, no delete
  with_delete,     // hlclock 1.1.0
};

inline constexpr std::array stock_versions{StockVersion::v0_1, StockVersion::v0_1_new_clock,
                                           StockVersion::with_delete};

class StockNode final : public Node {
 public:
  // `data_lost` is called after this node forgot registers. A node that starts again may do so with
  // another version: they are upgraded one by one, and sometimes back.
  StockNode(Schedule& schedule, Network& network, Trace& trace, Promises& promises, Random random,
            std::string name, StockVersion version, std::function<void()> data_lost);

  [[nodiscard]] bool is_ours() const override { return false; }
  [[nodiscard]] bool is_alive() const override { return alive_; }
  [[nodiscard]] std::uint64_t life() const override {
    return std::uint64_t{creation_} << 32U | storage_id_ << 1U | (storage_up_ ? 1U : 0U);
  }
  void link_up(LinkId link, const Node& peer) override;
  void link_down(LinkId link) override;
  void receive(LinkId link, const Packet& packet) override;
  void crash() override;
  void start() override;
  void time_passed() override;

  [[nodiscard]] bool has_delete() const { return version_ == StockVersion::with_delete; }

  // ---- what its users do; precondition: runs_groot() ----
  // Stock may lose all it holds instead of acknowledging: its clock refuses. It takes a deadline
  // and never honours it, so an expiring set is no other than this.
  void set(const Bytes& key, const Bytes& value);
  // Precondition: has_delete().
  void erase(const Bytes& key);
  // delete_all, called for this node alone.
  void wipe();
  // As Groot.get: nil and absent are the same, nothing.
  [[nodiscard]] std::optional<Bytes> read(const Bytes& key) const;

  // Its storage process dies and is restarted; too often, and all of Groot is down for a while.
  void kill_storage();
  // Groot runs, and with it its storage process.
  [[nodiscard]] bool runs_groot() const { return storage_up_; }
  [[nodiscard]] const StockStorage& storage() const { return storage_; }

 private:
  struct Peer {
    std::string name;
    bool visible = false;
    bool ours = false;
  };
  struct Monitor {
    LinkId link;
    dist::MonitorP wanted;
  };

  // ---- the BEAM ----
  void spawn(LinkId link, const dist::SpawnRequest& request, ByteView arguments);
  [[nodiscard]] Bytes evaluate(LinkId link, const std::string& function,
                               ei_codec::TermReader arguments);
  [[nodiscard]] ei_codec::Term clock_term() const;
  // `exactly`: only the versions that are named.
  void reclaim(LinkId link, ei_codec::TermReader& bindings, bool exactly);
  void monitor(LinkId link, const dist::MonitorP& wanted);
  void send(LinkId link, dist::Control control, Bytes message);
  // In this life of the node; late where it is paused then.
  void later(Ms delay, std::function<void()> action);

  // ---- Groot ----
  void storage_message(LinkId link, ByteView message);
  void storage_cast(LinkId link, ei_codec::TermReader& reader);
  void clock_cast(LinkId link, ByteView message);
  void merge(LinkId link, StockRegister reg);
  void forget(const Bytes& key);
  void propagated(LinkId link, const Bytes& key);
  // The message kills the process that got it.
  void fatal(LinkId sender, const std::string& what);
  void start_groot();
  void start_storage();
  void schedule_sync();
  void schedule_clock_sync();
  void schedule_clock_tick();
  void cast_state(LinkId link);
  // To the storage process of every visible node.
  void abcast(const Bytes& message);
  void tell_taps(const Bytes& message);
  void send_to_storage(LinkId link, const Bytes& message);
  [[nodiscard]] dist::Pid storage_pid() const { return {{name()}, storage_id_, 0, creation_}; }

  Schedule& schedule_;
  Network& network_;
  Trace& trace_;
  Promises& promises_;
  Random random_;
  StockVersion version_;
  std::function<void()> data_lost_;

  bool alive_ = false;
  bool running_ = false;     // Groot
  bool storage_up_ = false;  // its storage process
  std::uint32_t creation_ = 0;
  std::uint32_t starts_ = 0;  // of Groot
  std::uint32_t storage_id_ = 100;
  std::uint64_t reductions_ = 0;
  StockClock clock_;
  StockStorage storage_;
  std::vector<Ms> deaths_;  // of the storage process, lately
  std::map<LinkId, Peer> peers_;
  std::vector<Monitor> monitors_;
  struct Tap {
    bool tells_wipes = false;
  };
  std::map<LinkId, Tap> taps_;
};

}  // namespace groot::sim
