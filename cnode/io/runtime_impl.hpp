// The inside of the runtime. runtime.cpp: start, stop, turns, sockets. runtime_events.cpp: what
// Connections says and what the router wants. runtime_failures.cpp: what becomes of exceptions.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cnode/dist/connections.hpp"
#include "cnode/io/acceptor.hpp"
#include "cnode/io/busy_wait.hpp"
#include "cnode/io/dialer.hpp"
#include "cnode/io/epmd_client.hpp"
#include "cnode/io/runtime.hpp"
#include "cnode/io/tcp_link.hpp"
#include "ei_codec/caught.hpp"

namespace groot::io {

class Runtime::Impl final : private LinkOwner {
 public:
  explicit Impl(RuntimeOptions options)
      : options_(std::move(options)),
        acceptor_(context_),
        timer_(context_),
        stop_timer_(context_),
        read_buffer_(read_buffer_bytes) {}

  ~Impl() { stop(); }

  Result<void> open();
  void run(Core& core);
  void stop();
  void set_cookie(std::string cookie);

  [[nodiscard]] std::uint16_t port() const { return acceptor_.port(); }
  [[nodiscard]] std::uint32_t creation() const { return creation_; }
  [[nodiscard]] std::vector<std::string> peers() const {
    const std::lock_guard lock(peers_mutex_);
    std::vector<std::string> names;
    for (const auto& [link, name] : peers_) names.push_back(name);
    return names;
  }

 private:
  using Level = process::LogLine::Level;

  // LinkOwner
  void received(LinkId link, ByteView bytes) override;
  std::vector<dist::OutputChunk> take_output(LinkId link,
                                             std::vector<dist::OutputChunk> emptied) override {
    return connections_->take_output(link, std::move(emptied));
  }
  bool written(LinkId link, std::size_t bytes) override {
    const bool more = connections_->written(link, bytes, monotonic_ms());
    if (connections_->room_again(link)) tell_room(link);
    return more;
  }
  void closed(LinkId link) override;
  void turn_over() override;

  [[nodiscard]] Result<std::uint32_t> register_with_epmd();
  [[nodiscard]] Result<std::uint32_t> register_once();
  // The network thread: handlers as they become due, until the context is stopped.
  void run_until_stopped();
  void run_turns(BusyWait& busy);
  void begin();
  void begin_stop();
  void finish_stop_when_idle();
  void adopt(LinkId link, tcp::socket socket);
  // Closes the socket of a link that ends, if it is still open.
  void cut_off(LinkId link);
  void drain_events();
  void write_out();
  void arm_timer();
  void on_timer();

  // What Connections says.
  void handle(const dist::Dial& event);
  void handle(const dist::CloseSocket& event);
  void handle(const dist::PeerUp& event);
  void handle(const dist::PeerDown& event);
  void handle(const dist::AttemptFailed& event);
  void handle(const dist::PeerFrame& event);

  // What the router wants.
  void perform(std::vector<process::Action> actions);
  void perform(process::SendFrame& action);
  void perform(process::SendFrames& action);
  void perform(process::AwaitRoom& action);
  void perform(process::KeepConnected& action);
  void perform(process::Release& action);
  void perform(process::ConnectOnce& action);
  void perform(process::Disconnect& action);
  void perform(process::SetCookie& action);
  void perform(process::LogLine& action);
  void perform(process::Notify& action);

  // ---- what throws (runtime_failures.cpp) ----

  // A step that ends alone when it throws, and with it `link`, where it is about one (not 0).
  template <class Step>
  void contain(LinkId link, Step&& step) {
    try {
      std::forward<Step>(step)();
    } catch (...) {
      failed(link, caught_error());
    }
  }
  void failed(LinkId link, const Error& why);
  // Of a turn, wherever in it: goes on with the next one if that can be.
  void turn_failed(const Error& why);
  // Leaves the cluster, and says so.
  void give_up(const Error& why);

  // In a turn of its own.
  void tell_room(LinkId link);
  template <class Call>
  void ask_router(Call&& call) {
    perform(core_->run(std::forward<Call>(call)));
  }
  void log(Level level, std::string text) { log(process::LogLine{level, std::move(text), {}, {}}); }
  void log(process::LogLine line) {
    if (options_.log) options_.log(std::move(line));
  }

  RuntimeOptions options_;
  asio::io_context context_{1};
  Acceptor acceptor_;
  std::optional<Dialer> dialer_;
  std::optional<EpmdClient> epmd_;
  asio::steady_timer timer_;
  std::optional<std::int64_t> timer_ms_;  // what it is set to
  asio::steady_timer stop_timer_;
  std::uint32_t creation_ = 0;
  Core* core_ = nullptr;
  std::optional<dist::Connections> connections_;
  std::map<LinkId, std::shared_ptr<TcpLink>> links_;
  struct Lingering {
    std::int64_t until_ms;
    LinkId link;
  };
  std::deque<Lingering> lingering_;  // the earliest first
  std::deque<LinkId> strangers_;     // of those, some of which may be gone
  std::vector<std::uint8_t> read_buffer_;
  bool stops_ = false;     // it has begun to
  bool stopping_ = false;  // and all is said: it waits for the links
  bool gave_up_ = false;
  int failed_turns_ = 0;  // in a row

  mutable std::mutex peers_mutex_;
  std::map<LinkId, std::string> peers_;

  std::mutex stop_mutex_;  // held while stopping: the second caller waits as well
  std::thread thread_;
};

}  // namespace groot::io
