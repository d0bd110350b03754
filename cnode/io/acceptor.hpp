// The listening socket: all interfaces, IPv4 and IPv6 by one socket where the machine has IPv6.
// Network thread only, except that listen may be called before it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cnode/io/asio_support.hpp"
#include "ei_codec/result.hpp"

namespace groot::io {

class Acceptor {
 public:
  using Accepted = std::function<void(tcp::socket socket)>;
  // Called when connections cannot be accepted for now (no file descriptors left); it goes on.
  using Failed = std::function<void(const std::string& reason)>;

  explicit Acceptor(asio::io_context& context);

  // Port 0: any free one. Errors: the system's.
  [[nodiscard]] Result<void> listen(std::uint16_t port);
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void start(Accepted accepted, Failed failed);
  void close();

 private:
  AsioError open(const tcp::endpoint& endpoint);
  void accept();

  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  Accepted accepted_;
  Failed failed_;
  std::uint16_t port_ = 0;
};

}  // namespace groot::io
