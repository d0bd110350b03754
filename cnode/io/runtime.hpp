// The shell of the node: one thread that moves bytes between sockets and dist::Connections, frames
// between Connections and the router, and performs what either wants done. It decides nothing.
//
//   sockets ──bytes──> Connections ──PeerFrame──> Router (in Core, under its lock)
//      ^                    ^ │                      │
//      └──output chunks─────┼─┘<─────SendFrame(s)────┘
//                           └──── one timer: the earliest deadline of both
//
// All that one turn of reading leads to is written in one go at the end of the turn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cnode/dist/limits.hpp"
#include "cnode/dist/node_name.hpp"
#include "cnode/io/core.hpp"
#include "cnode/process/router.hpp"
#include "ei_codec/result.hpp"
#include "store/register.hpp"

namespace groot::io {

struct RuntimeOptions {
  dist::NodeName self;
  std::string cookie;
  std::vector<dist::NodeName> connect;
  bool visible = false;
  std::uint16_t listen_port = 0;  // 0: any free one
  std::int64_t net_ticktime_ms = 60'000;
  std::size_t backlog_bytes_max = dist::backlog_bytes_max_default;  // of each link
  bool start_epmd = false;
  // Both are called in the network thread, before it runs in the thread that calls open. `log` must
  // not block.
  std::function<void(process::LogLine)> log;
  std::function<void(const store::RegisterPtr&)> changed;
  // Called in the network thread, once: the node cannot go on, why, and leaves the cluster by
  // itself. Only stop() is of use then.
  std::function<void(const std::string&)> ended;
};

class Runtime {
 public:
  // Listens and registers with epmd, in the caller's thread. Errors: name_taken, connect_failed
  // (no epmd), the system's (the port cannot be used).
  [[nodiscard]] static Result<std::unique_ptr<Runtime>> open(RuntimeOptions options);
  ~Runtime();  // stops
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  // What this node's pids carry from now to its end; above 3.
  [[nodiscard]] std::uint32_t creation() const;

  // Starts the thread. `core` must outlive the runtime.
  void run(Core& core);
  // Any thread but the network thread; idempotent. Peers see us leave at once; blocks until what is
  // queued is written, a fraction of a second at most.
  void stop();

  // Any thread. For the handshakes from now on, but with peers that have a cookie of their own.
  void set_cookie(std::string cookie);

  // Any thread.
  [[nodiscard]] std::vector<std::string> peers() const;

 private:
  class Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace groot::io
