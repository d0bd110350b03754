// Host names to addresses, without ever holding up the network thread or its end.
//
// getaddrinfo blocks for as long as a name server is silent, and cannot be cancelled. Asio's own
// resolver joins its thread when the context goes, which would make `stop` wait for it; here the
// thread that waits owns nothing of ours and is left to finish by itself.
//
// So many look-ups run at a time (limits.hpp), and hosts that could not be reached before wait for
// each other only: what can be resolved does not wait for what cannot.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "cnode/io/asio_support.hpp"
#include "ei_codec/result.hpp"

namespace groot::io {

class Resolver {
 public:
  // Addresses to try in this order: IPv4 first, because BEAM nodes listen there by default.
  using Addresses = std::vector<asio::ip::address>;
  using Done = std::function<void(Result<Addresses>)>;

  // Blocks; called in a thread of its own.
  using LookUp = std::function<Result<Addresses>(const std::string& host)>;

  explicit Resolver(asio::io_context& context, LookUp look_up = ask_system);
  ~Resolver();  // answers still under way are dropped
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `done` is called in the network thread, never from inside resolve. Errors: connect_failed.
  // `again`: the host was looked up before, in vain as far as is known.
  void resolve(const std::string& host, bool again, Done done);

 private:
  static Result<Addresses> ask_system(const std::string& host);

  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace groot::io
