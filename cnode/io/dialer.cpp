#include "cnode/io/dialer.hpp"

#include <array>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/epmd_messages.hpp"
#include "cnode/dist/limits.hpp"
#include "cnode/io/limits.hpp"

namespace groot::io {

using dist::dist_errc;
using ei_codec::Bytes;
using ei_codec::ByteView;

// One dial. Each address is tried in full, epmd and node, before the next one.
class Dialer::Attempt : public std::enable_shared_from_this<Dialer::Attempt> {
 public:
  Attempt(Dialer& dialer, dist::NodeName peer, bool again, Done done)
      : dialer_(dialer),
        peer_(std::move(peer)),
        again_(again),
        done_(std::move(done)),
        socket_(dialer.context_),
        deadline_(dialer.context_) {}

  void start() {
    deadline_.expires_after(dial_timeout);
    deadline_.async_wait([self = shared_from_this()](const AsioError& cancelled) {
      if (cancelled || self->finished_) return;
      self->finish(Error{dist_errc::connect_failed, self->step_ + ": no answer"});
    });
    step_ = "host \"" + std::string(peer_.host()) + "\"";
    dialer_.resolver_.resolve(std::string(peer_.host()), again_,
                              [self = shared_from_this()](Result<Resolver::Addresses> found) {
                                if (self->finished_) return;
                                if (!found) return self->finish(found.error());
                                self->addresses_ = std::move(*found);
                                self->ask_epmd();
                              });
  }

  void give_up() {
    finished_ = true;
    done_ = nullptr;
    deadline_.cancel();
    AsioError ignored;
    socket_.close(ignored);
  }

 private:
  template <class Handler>
  auto step(Handler handler) {
    return [self = shared_from_this(), handler](const AsioError& error, auto... rest) {
      if (!self->finished_) handler(*self, error, rest...);
    };
  }

  void ask_epmd() {
    if (next_address_ == addresses_.size()) {
      return finish(failure_.code ? failure_
                                  : Error{dist_errc::connect_failed, step_ + ": no address"});
    }
    const tcp::endpoint epmd(addresses_[next_address_], dialer_.epmd_port_);
    connect(epmd, "epmd at " + to_text(epmd), [](Attempt& self) {
      self.request_ = dist::encode_port_please2_request(self.peer_.alive());
      asio::async_write(self.socket_, asio::buffer(self.request_),
                        self.step([](Attempt& attempt, const AsioError& error, std::size_t) {
                          if (error) return attempt.try_next(error);
                          attempt.answer_.clear();
                          attempt.read_answer();
                        }));
    });
  }

  void read_answer() {
    socket_.async_read_some(
        asio::buffer(piece_), step([](Attempt& self, const AsioError& error, std::size_t count) {
          if (error) return self.try_next(error);
          self.answer_.insert(self.answer_.end(), self.piece_.begin(),
                              self.piece_.begin() + static_cast<std::ptrdiff_t>(count));
          const auto response = dist::decode_port2_response(self.answer_);
          if (!response) return self.try_next(response.error());
          if (response->has_value()) return self.connect_node(**response);
          self.read_answer();  // the answer says how long it is: 128 KiB at most
        }));
  }

  void connect_node(const dist::Port2Response& response) {
    if (!response.port) {
      return try_next(Error{dist_errc::not_registered,
                            step_ + " knows no \"" + std::string(peer_.alive()) + "\""});
    }
    const tcp::endpoint node(addresses_[next_address_], *response.port);
    connect(node, to_text(node), [](Attempt& self) { self.finish(std::move(self.socket_)); });
  }

  template <class Next>
  void connect(const tcp::endpoint& endpoint, std::string step_text, Next next) {
    step_ = std::move(step_text);
    AsioError ignored;
    socket_.close(ignored);
    socket_ = tcp::socket(dialer_.context_);
    socket_.async_connect(endpoint, step([next](Attempt& self, const AsioError& error) {
                            if (error) return self.try_next(error);
                            set_close_on_exec(self.socket_.native_handle());
                            next(self);
                          }));
  }

  void try_next(const AsioError& error) {
    try_next(Error{dist_errc::connect_failed, step_ + ": " + error.message()});
  }

  // The first failure is the one to tell: IPv4's, where the peer most likely is.
  void try_next(Error failure) {
    if (!failure_.code) failure_ = std::move(failure);
    ++next_address_;
    ask_epmd();
  }

  void finish(Result<tcp::socket> result) {
    const Done done = std::move(done_);
    const auto self = shared_from_this();
    dialer_.attempts_.erase(self);
    give_up();
    done(std::move(result));
  }

  Dialer& dialer_;
  dist::NodeName peer_;
  bool again_;
  Done done_;
  tcp::socket socket_;
  asio::steady_timer deadline_;
  Resolver::Addresses addresses_;
  std::size_t next_address_ = 0;
  std::string step_;  // what is being waited for; begins every failure's detail
  Error failure_;
  Bytes request_;
  Bytes answer_;
  std::array<std::uint8_t, 1024> piece_{};
  bool finished_ = false;
};

Dialer::Dialer(asio::io_context& context, std::uint16_t epmd_port)
    : context_(context), epmd_port_(epmd_port), resolver_(context) {}

Dialer::~Dialer() {
  close();
}

void Dialer::dial(const dist::NodeName& peer, bool again, Done done) {
  const auto attempt = std::make_shared<Attempt>(*this, peer, again, std::move(done));
  attempts_.insert(attempt);
  attempt->start();
}

void Dialer::close() {
  for (const auto& attempt : std::exchange(attempts_, {})) attempt->give_up();
}

}  // namespace groot::io
