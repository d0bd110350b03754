// A hidden node that is nothing but one link to another node on this machine: the handshake and
// the framing are ours (dist::Link), around a blocking socket. Whoever measures with it sends
// frames that were made before, so that the link is not what is measured.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cnode/dist/link.hpp"

namespace groot::bench {

class RawLink;

struct RawLinkOptions {
  std::string self;
  std::string peer;
  std::uint16_t port = 0;  // of the peer, on 127.0.0.1
  std::string cookie;
  // Each that the peer sends, while it is read.
  std::function<void(RawLink&, const dist::Frame&)> on_frame;
};

class RawLink {
 public:
  // Dials and shakes hands. Errors: the system's, and dist_errc.
  [[nodiscard]] static Result<std::unique_ptr<RawLink>> open(const RawLinkOptions& options);
  ~RawLink();
  RawLink(const RawLink&) = delete;
  RawLink& operator=(const RawLink&) = delete;

  [[nodiscard]] int socket() const { return socket_; }
  [[nodiscard]] dist::Flags flags() const { return link_.peer().flags; }
  // A process of this node.
  [[nodiscard]] dist::Pid pid() const;

  // Appends the frame of `message` from pid() to a registered name.
  void append_frame(std::string_view name, ei_codec::ByteView message, ei_codec::Bytes& out) const;
  // All of it; false when the connection is gone.
  [[nodiscard]] bool write(ei_codec::ByteView bytes);
  // Waits for bytes once, and hands over the frames that are whole then. Errors as of open.
  [[nodiscard]] Result<void> read();

 private:
  RawLink(const RawLinkOptions& options, int socket);
  [[nodiscard]] Result<void> shake_hands();
  [[nodiscard]] Result<void> feed();
  [[nodiscard]] Result<void> handle_events();

  std::string self_;
  std::function<void(RawLink&, const dist::Frame&)> on_frame_;
  int socket_;
  dist::Link link_;
  ei_codec::Bytes buffer_;
};

// A socket that is connected to 127.0.0.1, without delay of small writes.
[[nodiscard]] Result<int> connect_loopback(std::uint16_t port);
[[nodiscard]] bool write_all(int socket, ei_codec::ByteView bytes);

}  // namespace groot::bench
