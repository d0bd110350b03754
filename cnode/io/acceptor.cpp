#include "cnode/io/acceptor.hpp"

#include <utility>

#include <boost/asio/ip/v6_only.hpp>

#include "cnode/io/limits.hpp"

namespace groot::io {

namespace {

// What BEAM asks for.
constexpr int listen_backlog = 128;

}  // namespace

Acceptor::Acceptor(asio::io_context& context) : acceptor_(context), pause_(context) {}

AsioError Acceptor::open(const tcp::endpoint& endpoint) {
  AsioError error;
  acceptor_.close(error);
  acceptor_.open(endpoint.protocol(), error);
  if (error) return error;
  set_close_on_exec(acceptor_.native_handle());
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (endpoint.protocol() == tcp::v6() && !error) {
    acceptor_.set_option(asio::ip::v6_only(false), error);
  }
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(listen_backlog, error);
  return error;
}

Result<void> Acceptor::listen(std::uint16_t port) {
  // Machines without IPv6 refuse the first in one of several ways; if the port is the trouble, the
  // second fails alike and tells.
  AsioError error = open(tcp::endpoint(tcp::v6(), port));
  if (error) error = open(tcp::endpoint(tcp::v4(), port));
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) {
    AsioError ignored;
    acceptor_.close(ignored);
    return {std::error_code(error), "cannot listen on port " + std::to_string(port)};
  }
  return {};
}

void Acceptor::start(Accepted accepted, Failed failed) {
  accepted_ = std::move(accepted);
  failed_ = std::move(failed);
  accept();
}

void Acceptor::accept() {
  acceptor_.async_accept([this](const AsioError& error, tcp::socket socket) {
    if (!acceptor_.is_open()) return;
    if (!error) {
      accepted_(std::move(socket));
    } else if (error != asio::error::connection_aborted) {
      failed_(error.message());
      pause_.expires_after(accept_pause);
      pause_.async_wait([this](const AsioError& cancelled) {
        if (!cancelled && acceptor_.is_open()) accept();
      });
      return;
    }
    if (acceptor_.is_open()) accept();
  });
}

void Acceptor::close() {
  AsioError ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace groot::io
