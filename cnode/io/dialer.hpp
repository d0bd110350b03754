// From a peer's name to a connected socket: its host's addresses, that host's epmd, the port it
// names. Network thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>

#include <boost/asio/io_context.hpp>

#include "cnode/dist/node_name.hpp"
#include "cnode/io/asio_support.hpp"
#include "cnode/io/resolver.hpp"
#include "ei_codec/result.hpp"

namespace groot::io {

class Dialer {
 public:
  // Called once for each dial, never from inside dial. Errors: connect_failed, not_registered,
  // bad_epmd_reply, with the address or host in the detail.
  using Done = std::function<void(Result<tcp::socket>)>;

  // `epmd_port` is every host's: ERL_EPMD_PORT or 4369.
  Dialer(asio::io_context& context, std::uint16_t epmd_port);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // `again`: the last dial of this peer failed. It may wait for others of the kind.
  void dial(const dist::NodeName& peer, bool again, Done done);
  // Gives up what is under way, without a call.
  void close();

 private:
  class Attempt;
  asio::io_context& context_;
  std::uint16_t epmd_port_;
  Resolver resolver_;
  std::set<std::shared_ptr<Attempt>> attempts_;
};

}  // namespace groot::io
