// What the processes of this node leave to be done: actions, in order, and the pids and references
// that they send under.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cnode/process/router.hpp"

namespace groot::process {

using dist::Pid;
using dist::Reference;
using ei_codec::Bytes;

// The pids of processes that live as long as the node. Only the numbers matter: they are what a
// peer sends back.
enum class ServedPid : std::uint32_t {
  net_kernel = 10,
  rex = 11,
  storage = 20,
  clock_sync = 21,
  clock = 22,
  peer = 23,
  large_updates = 24,  // sends registers that take long
  large_answer = 25,   // with a serial, see Outbox::sender
  exchange = 26,       // compares what we hold with nodes of ours
  client = 30,         // asks peers questions
  group_leader = 31,   // where spawned processes of peers send their output
  spawned_first = 1000,
};

// Those of them that are processes to whoever asks, though nobody finds them by a name.
inline constexpr std::array nameless_pids{ServedPid::client, ServedPid::group_leader};

class Outbox {
 public:
  explicit Outbox(const RouterOptions& options);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  void send(LinkId link, Control control, SharedMessage message = nullptr);
  // REG_SEND, from the process `from` of this node.
  void send_to_name(LinkId link, ServedPid from, std::string_view name, SharedMessage message);
  void send_to_name(std::vector<LinkId> links, ServedPid from, std::string_view name,
                    SharedMessage message);
  void act(Action action) { actions_.push_back(std::move(action)); }
  // Makes room for so many more actions at once.
  void expect(std::size_t count);
  void log(LogLine::Level level, std::string text);
  // A warning that a peer can cause again and again: see LogLine. Both texts only have to be
  // stable.
  void log_repeated(std::string_view peer, std::string_view cause, std::string text);

  [[nodiscard]] std::vector<Action> take() { return std::exchange(actions_, {}); }

  [[nodiscard]] Pid pid(ServedPid which) const { return pid(static_cast<std::uint32_t>(which), 0); }
  [[nodiscard]] Pid pid(std::uint32_t id, std::uint32_t serial) const;
  // True for pids of this incarnation of this node.
  [[nodiscard]] bool is_ours(const Pid& pid) const;
  // Never the same twice.
  [[nodiscard]] Reference new_reference();
  // Who sends such a message: `served`, or, of one that takes long to send, a process that lives
  // for it alone. Signals keep their order by sender, and this one makes nobody wait.
  [[nodiscard]] Pid sender(ServedPid served, const SharedMessage& message);

 private:
  ei_codec::Atom node_;
  std::uint32_t creation_;
  std::uint64_t references_ = 0;
  std::uint32_t large_answers_ = 0;
  std::uint32_t reference_salt_;
  std::vector<Action> actions_;
};

// Who sends registers. Merging does not depend on order, so what is written meanwhile need not wait
// behind a large one. Large ones follow each other: a peer never puts many together at once.
[[nodiscard]] ServedPid sender_of(const SharedMessage& message);

[[nodiscard]] inline SharedBytes share(Bytes bytes) {
  return std::make_shared<const Bytes>(std::move(bytes));
}

}  // namespace groot::process
