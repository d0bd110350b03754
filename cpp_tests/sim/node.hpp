// What every simulated node is to the network and to the weather, whatever runs on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "cnode/dist/control.hpp"
#include "cnode/dist/link.hpp"
#include "cpp_tests/sim/schedule.hpp"
#include "store/time.hpp"

namespace groot::sim {

using dist::LinkId;
using ei_codec::Bytes;
using ei_codec::ByteView;
using store::Now;

// Where wall clocks stand when a simulation begins.
inline constexpr Ms wall_start_ms = 1'700'000'000'000;

// A promise was broken; the run ends.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One message between nodes. Its bytes hold the message behind the control tuple, if it has one.
struct Packet {
  dist::Control control;
  std::shared_ptr<const Bytes> message;
};

class Node {
 public:
  Node(const Schedule& schedule, std::string name, bool visible)
      : schedule_(schedule), name_(std::move(name)), visible_(visible) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  // Its handshake offers PUBLISHED.
  [[nodiscard]] bool is_visible() const { return visible_; }
  [[nodiscard]] virtual bool is_ours() const = 0;
  [[nodiscard]] virtual bool is_alive() const = 0;

  // Another one after it lost what it holds in memory.
  [[nodiscard]] virtual std::uint64_t life() const = 0;
  // What it holds outlives the process.
  [[nodiscard]] virtual bool has_disk() const { return false; }

  virtual void link_up(LinkId link, const Node& peer) = 0;
  virtual void link_down(LinkId link) = 0;
  virtual void receive(LinkId link, const Packet& packet) = 0;

  // The process dies, and with it what it holds in memory; its links end by themselves.
  virtual void crash() = 0;
  // A new process under the same name.
  virtual void start() = 0;

  // A long time has passed in which nothing happened (Schedule::skip).
  virtual void time_passed() {}

  // Wall clocks are wrong by different amounts, and may jump.
  void set_wall_offset(Ms offset) { wall_offset_ = offset; }
  [[nodiscard]] Ms wall_offset() const { return wall_offset_; }
  [[nodiscard]] Now now() const {
    return {schedule_.now(), wall_start_ms + schedule_.now() + wall_offset_};
  }
  // A paused node does nothing until then: what arrives waits, timers are late.
  void pause_until(Ms until) { paused_until_ = until; }
  [[nodiscard]] Ms paused_until() const { return paused_until_; }
  [[nodiscard]] bool is_paused() const { return schedule_.now() < paused_until_; }
  // It takes so long over each message of a link.
  void set_reading_time(Ms each) { reading_time_ = each; }
  [[nodiscard]] Ms reading_time() const { return reading_time_; }

 private:
  const Schedule& schedule_;
  std::string name_;
  bool visible_;
  Ms wall_offset_ = 0;
  Ms paused_until_ = 0;
  Ms reading_time_ = 0;
};

}  // namespace groot::sim
