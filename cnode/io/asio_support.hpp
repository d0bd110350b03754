// Small things that every user of Asio here needs.
#pragma once

#include <string>
#include <system_error>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

namespace groot::io {

namespace asio = boost::asio;
using asio::ip::tcp;
using AsioError = boost::system::error_code;

// "127.0.0.1:4369", "[::1]:4369"; an IPv4 peer of a dual-stack socket as plain IPv4.
[[nodiscard]] std::string to_text(const tcp::endpoint& endpoint);

// Programs that the embedding process starts must not inherit our sockets: a peer, and epmd, would
// not notice that we are gone.
void set_close_on_exec(int descriptor);

}  // namespace groot::io
