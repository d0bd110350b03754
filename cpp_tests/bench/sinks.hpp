// Peers that a node takes for nodes of this project, and that read all they are sent and keep none
// of it: links of a process of their own, so that the node's process spends its time on its own
// part alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ei_codec/result.hpp"

namespace groot::bench {

// A value with this in it is what a round waits for.
inline constexpr const char* round_mark = "round_is_over";

class Sinks {
 public:
  // Forks: call it while the program has one thread.
  [[nodiscard]] static Result<std::unique_ptr<Sinks>> start();
  ~Sinks();  // ends the process
  Sinks(const Sinks&) = delete;
  Sinks& operator=(const Sinks&) = delete;

  // Opens so many links to the node at this port, which have answered its first question when this
  // returns. Once.
  [[nodiscard]] bool connect(const std::string& node, std::uint16_t port, std::uint32_t links);
  // Waits until each link has been sent a message with the round's mark, once more than before.
  [[nodiscard]] bool wait_round();

 private:
  Sinks(int process, int socket) : process_(process), socket_(socket) {}

  int process_;
  int socket_;
};

// Of the node and of its peers.
inline constexpr const char* sinks_cookie = "bench";
// As many open files as the system lets this process have.
void raise_descriptor_limit();

}  // namespace groot::bench
