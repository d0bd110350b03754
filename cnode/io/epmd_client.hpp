// Our own entry in this host's epmd. It lives as long as the connection it was made on, so that is
// kept; when epmd goes, the entry is made again as soon as an epmd is back.
//
// Network thread only, except that start may be called before it runs.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cnode/dist/epmd_messages.hpp"
#include "cnode/io/asio_support.hpp"
#include "cnode/process/router.hpp"
#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"

namespace groot::io {

using LogLevel = process::LogLine::Level;
using Log = std::function<void(LogLevel, const std::string&)>;

// Where epmd is: ERL_EPMD_PORT or 4369; loopback, then what ERL_EPMD_ADDRESS lists.
struct EpmdPlace {
  std::uint16_t port = 0;
  std::vector<asio::ip::address> addresses;
  std::string not_understood = {};  // what ERL_EPMD_ADDRESS lists and is no address, for a warning
};
// Errors: connect_failed when ERL_EPMD_PORT is no port number.
[[nodiscard]] Result<EpmdPlace> epmd_place();

class EpmdClient {
 public:
  // The creation that epmd gave. Errors: name_taken; connect_failed when no epmd answers;
  // bad_epmd_reply.
  using Registered = std::function<void(Result<std::uint32_t>)>;

  EpmdClient(asio::io_context& context, EpmdPlace place, const dist::Alive2Request& registration,
             Log log);
  EpmdClient(const EpmdClient&) = delete;
  EpmdClient& operator=(const EpmdClient&) = delete;

  // One try; a name that is taken is waited for, for epmd_name_wait: who restarts a killed node at
  // once finds the old entry. After success the entry is kept until close, whatever becomes of
  // epmd.
  void start(Registered registered);
  // epmd forgets us at once.
  void close();

 private:
  void try_address();
  void send_request();
  void read();
  void answered();
  void failed(Error reason);
  void lost();
  void retry_after(std::chrono::milliseconds wait);

  asio::io_context& context_;
  EpmdPlace place_;
  std::string alive_name_;
  Log log_;
  Registered registered_;  // set until the first success or failure
  tcp::socket socket_;
  std::chrono::steady_clock::time_point name_awaited_until_;
  asio::steady_timer timer_;  // the answer's deadline, or the next try
  std::size_t next_address_ = 0;
  std::uint64_t try_number_ = 0;  // tells handlers of an earlier try that they are late
  ei_codec::Bytes request_;
  ei_codec::Bytes answer_;
  std::array<std::uint8_t, 256> piece_{};
  Error failure_;
  bool is_registered_ = false;
  bool told_ = false;  // that it is lost, or that the name is taken meanwhile
  bool closed_ = false;
};

}  // namespace groot::io
