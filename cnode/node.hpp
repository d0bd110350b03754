// groot::Node: embed a Groot node in a C++ program. The whole public API; no Asio or ei type in it.
//
//   groot::NodeOptions options;
//   options.name = "flags@127.0.0.1";
//   options.long_names = true;
//   options.connect = {"app@127.0.0.1"};
//   const auto node = groot::Node::start(options);
//   if (!node) return fail(node.error().text());
//   using namespace groot::ei_codec;
//   const auto done = (*node)->set(atom("dark_mode"), true);
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
  // Registers in it that are stamped more than 300 s ahead of now get stamps of now: the way out
  // after a run whose clock was wrong. What other nodes hold with the old stamps comes back.
  bool restamp_future = false;
  // Registers that were set aside after a long absence, because a peer had deleted them, are set
  // again, unless their keys are held. With data_dir.
  bool bring_back_dropped = false;
  // Where log lines go: one call a line, one at a time, from a thread that does nothing else. It
  // may take its time, block for ever, or throw: nothing waits for it, and what it does not take in
  // time is counted and lost. All it uses must outlive the node, and where it can block for longer
  // than 0.2 s, also the call that stop no longer waits for then. Empty: nowhere.
  std::function<void(LogLevel, const std::string&)> log = nullptr;
  // The node cannot go on, why, and leaves the cluster by itself: one call, from the node's own
  // thread. Its memory is exhausted; an error that one message, link or write can be blamed for
  // ends only that. Reading works on; what is left to do is to stop it.
  std::function<void(const std::string&)> ended = nullptr;
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
  // or the port cannot be used. Where the descriptors 0, 1 or 2 are closed, /dev/null is opened
  // there first, and stays: nothing of the node may get such a number.
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
  // before), or with an error when that cannot be: the write stands nevertheless. Once stop has
  // begun nothing is written any more, and the error says that the node has left the cluster; what
  // was written before is still sent, and saved. Nor is anything written while 131,072 writes, or
  // 128 MiB, wait for a network thread that a listener holds up: the error says so.
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

  struct RereadCookie {
    std::string source;    // "the file /etc/groot.cookie"
    bool changed = false;  // since it was read last
  };
  // Reads the file again that the cookie is from, for the handshakes from now on; links that are up
  // stay. Peers with a cookie of their own, by set_cookie/2, keep it. Blocks on the file. Error:
  // the cookie is from no file, or the file has no cookie: the old one stays.
  Result<RereadCookie> reread_cookie();

  // Leaves the cluster: peers see nodedown at once, epmd forgets the name, what was written is
  // saved. Idempotent; blocks until done. That takes a second at most, unless much is left to be
  // saved: each 20,000 changes of that may take 0.8 s, or twice as long as the slowest before. A
  // disk that does not answer is given up then, and closed when it has.
  void stop();

 private:
  struct Impl;
  explicit Node(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace groot
