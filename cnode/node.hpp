// groot::Node: embed a Groot node in a C++ program. The whole public API; no Asio or ei type in it.
//
//   groot::NodeOptions options;
//   options.name = "flags@127.0.0.1";
//   options.long_names = true;
//   options.connect = {"app@127.0.0.1"};
//   const auto node = groot::Node::start(options);
//   if (!node) return fail(node.error().text());
//   using namespace groot::ei_codec;
//   const auto done = (*node)->set(atom("dark_mode"), boolean(true));
//   if (!done) return fail(done.error().text());
//
// Threads: every member function may be called from any thread at any time, from inside an
// on_change callback too, except stop and the destructor (not from a callback). `get` and `keys`
// run in the caller's thread against local memory and never wait for the network.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ei_codec/result.hpp"
#include "ei_codec/term.hpp"

namespace groot {

using ei_codec::Term;

enum class LogLevel { debug, info, warning, error };
// How the cluster sees the node: in nobody's nodes(), or like any Elixir node.
enum class Visibility { hidden, visible };
// How to hear the Elixir nodes that see it as hidden.
enum class HiddenFeed { announce, tap, off };
// What remote calls may do: all that is documented; Groot and questions; nothing.
enum class RemoteAdmin { full, groot, off };
// When a write is in the data directory: at most 50 ms after it was answered, or before.
enum class Durability { async, sync };

struct NodeOptions {
  // "alive" or "alive@host"; a host is added as `erl` does. Empty: RELEASE_NODE, else "groot".
  std::string name;
  bool long_names = false;  // --name rather than --sname
  std::string cookie;       // empty: RELEASE_COOKIE, then ~/.erlang.cookie (made when absent)
  std::string cookie_file;  // read when `cookie` is empty
  std::vector<std::string> connect;  // peers to keep a connection to
  std::uint16_t listen_port = 0;     // 0: any free one
  bool start_epmd = false;           // run `epmd -daemon` when none answers
  std::chrono::seconds net_ticktime{60};
  Visibility visibility = Visibility::hidden;
  HiddenFeed hidden_feed = HiddenFeed::announce;
  RemoteAdmin remote_admin = RemoteAdmin::full;
  std::size_t max_value_size = std::size_t{64} << 20;
  std::chrono::milliseconds tombstone_ttl{24LL * 60 * 60 * 1000};
  std::string data_dir;  // where registers outlive the process; made when absent. Empty: nowhere
  Durability durability = Durability::async;
  std::uint64_t data_max_size = 0;  // bytes of the file in it; 0: as large as it gets
  // Where log lines go: one call a line, from the node's own thread. Empty: nowhere.
  std::function<void(LogLevel, const std::string&)> log = nullptr;
};

// What on_change hears. `value` is none after a delete or an expiry, and for what is nested deeper
// than a Term can be (500 levels; C++ programs cannot set it, other nodes can).
struct Change {
  Term key;
  std::optional<Term> value;
  bool deleted = false;  // or expired
};

class Node {
 public:
  // Reads the data directory, registers with epmd, listens, dials. Fails, and leaves nothing
  // behind, when the name is taken or malformed, no cookie is to be had, the data directory, epmd
  // or the port cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<Node>> start(const NodeOptions& options);
  ~Node();  // stops
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // None when the key is absent, deleted, expired, or holds a term deeper than a Term can be.
  [[nodiscard]] std::optional<Term> get(const Term& key) const;
  // The same of each. Where there are many registers, and these lie far apart in memory, a key
  // takes a fraction of the time that a get of its own does.
  [[nodiscard]] std::vector<std::optional<Term>> get_all(std::span<const Term> keys) const;
  // Readable here when it returns, on its way to every peer. expires_in: none = never, 0 = at once.
  // With Durability::sync it returns when the write is saved (inside an on_change callback:
  // before), or with an error when that cannot be: the write stands nevertheless.
  Result<void> set(const Term& key, const Term& value,
                   std::optional<std::chrono::milliseconds> expires_in = std::nullopt);
  Result<void> erase(const Term& key);
  [[nodiscard]] std::vector<Term> keys() const;
  [[nodiscard]] std::size_t size() const;

  // Why changes do not reach the data directory at present, where there is one.
  [[nodiscard]] std::optional<std::string> save_failure() const;

  // Calls `listener` for every change from now on, local and remote, in the node's own thread, in
  // the order they were applied. Returns a number for remove_listener, after which it is not called
  // again.
  std::uint64_t on_change(std::function<void(const Change&)> listener);
  void remove_listener(std::uint64_t number);

  [[nodiscard]] std::string name() const;                // "alive@host"
  [[nodiscard]] std::uint16_t port() const;              // where it listens
  [[nodiscard]] std::vector<std::string> peers() const;  // nodes connected now

  // Leaves the cluster: peers see nodedown at once, epmd forgets the name. Idempotent; blocks until
  // done, a second at most.
  void stop();

 private:
  struct Impl;
  explicit Node(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace groot
