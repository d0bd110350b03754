// Helpers of the io tests: running an Asio context until something has happened, and an epmd that
// answers what the test tells it to.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>

#include "cnode/io/asio_support.hpp"
#include "ei_codec/bytes.hpp"

namespace groot::io {

// Runs handlers until `done()`. False when that takes longer than ten seconds.
template <class Done>
[[nodiscard]] bool run_until(asio::io_context& context, Done done) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    context.restart();
    context.run_one_for(std::chrono::milliseconds(50));
  }
  return true;
}

// Listens on a free loopback port. Each connection is answered with `answer` as soon as a request
// has come, and closed when `close_after_answer`.
class FakeEpmd {
 public:
  explicit FakeEpmd(asio::io_context& context)
      : acceptor_(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    accept();
  }

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] const std::vector<ei_codec::Bytes>& requests() const { return requests_; }
  // Connections that the other side has closed.
  [[nodiscard]] int ended() const { return ended_; }
  void hang_up() {
    for (const auto& one : connections_) one->socket.close();
    connections_.clear();
  }

  ei_codec::Bytes answer;
  bool close_after_answer = true;

 private:
  struct Connection {
    explicit Connection(tcp::socket connected) : socket(std::move(connected)) {}
    tcp::socket socket;
    std::array<std::uint8_t, 512> piece{};
  };

  void accept() {
    acceptor_.async_accept([this](const AsioError& error, tcp::socket socket) {
      if (error) return;
      connections_.push_back(std::make_shared<Connection>(std::move(socket)));
      read(connections_.back());
      accept();
    });
  }

  void read(const std::shared_ptr<Connection>& one) {
    one->socket.async_read_some(
        asio::buffer(one->piece), [this, one](const AsioError& error, std::size_t count) {
          if (error) {
            if (error == asio::error::eof) ++ended_;
            return;
          }
          requests_.emplace_back(one->piece.begin(),
                                 one->piece.begin() + static_cast<std::ptrdiff_t>(count));
          asio::write(one->socket, asio::buffer(answer));
          if (close_after_answer) {
            one->socket.close();
          } else {
            read(one);
          }
        });
  }

  tcp::acceptor acceptor_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::vector<ei_codec::Bytes> requests_;
  int ended_ = 0;
};

}  // namespace groot::io
