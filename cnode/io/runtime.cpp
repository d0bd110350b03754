#include "cnode/io/runtime.hpp"

#include <algorithm>
#include <random>
#include <sys/resource.h>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/earliest.hpp"
#include "cnode/dist/limits.hpp"
#include "cnode/io/busy_wait.hpp"
#include "cnode/io/epmd_launcher.hpp"
#include "cnode/io/limits.hpp"
#include "cnode/io/runtime_impl.hpp"

namespace groot::io {

namespace {

// Creations 0 to 3 are special to old nodes; epmds of our age never give them.
constexpr std::uint32_t creation_min = 4;

std::uint32_t random_32() {
  static thread_local std::random_device device;
  return device();
}

// What strangers hold open must leave descriptors for everybody else.
std::size_t pending_handshakes_allowed() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return dist::pending_handshakes_max;
  return static_cast<std::size_t>(
      std::min<rlim_t>(dist::pending_handshakes_max, limit.rlim_cur / pending_descriptors_divisor));
}

}  // namespace

// ---- start and stop ----

Result<void> Runtime::Impl::open() {
  auto place = epmd_place();
  if (!place) return place.error();
  if (!place->not_understood.empty()) {
    log(Level::warning, "ERL_EPMD_ADDRESS: no address: " + place->not_understood);
  }
  if (auto listening = acceptor_.listen(options_.listen_port); !listening) return listening;
  dialer_.emplace(context_, place->port);
  const dist::Alive2Request registration{.alive_name = std::string(options_.self.alive()),
                                         .port = acceptor_.port(),
                                         .hidden = !options_.visible};
  epmd_.emplace(context_, std::move(*place), registration,
                [this](Level level, const std::string& text) {
                  log({level, text, "epmd", text});
                });
  const auto creation = register_with_epmd();
  if (!creation) return creation.error();
  creation_ = *creation;
  while (creation_ < creation_min) creation_ = random_32();
  return {};
}

Result<std::uint32_t> Runtime::Impl::register_once() {
  std::optional<Result<std::uint32_t>> answer;
  epmd_->start([&answer](Result<std::uint32_t> creation) { answer = std::move(creation); });
  while (!answer) {
    if (context_.run_one() == 0) context_.restart();
  }
  return std::move(*answer);
}

Result<std::uint32_t> Runtime::Impl::register_with_epmd() {
  auto creation = register_once();
  if (creation || creation.error().code != dist::dist_errc::connect_failed ||
      !options_.start_epmd) {
    return creation;
  }
  if (const auto launched = launch_epmd(); !launched) {
    Error failure = creation.error();
    failure.detail += " (tried: " + launched.error().text() + ")";
    return failure;
  }
  log(Level::info, "started epmd");
  const auto give_up = std::chrono::steady_clock::now() + epmd_start_timeout;
  do {
    // The program is back before its daemon listens; nothing tells when it does.
    std::this_thread::sleep_for(epmd_start_interval);
    creation = register_once();
  } while (!creation && creation.error().code == dist::dist_errc::connect_failed &&
           std::chrono::steady_clock::now() < give_up);
  return creation;
}

void Runtime::Impl::run(Core& core) {
  core_ = &core;
  dist::ConnectionsOptions connections;
  connections.self.name = options_.self;
  connections.self.creation = creation_;
  connections.self.flags = dist::offered_flags(options_.visible);
  connections.self.net_ticktime_ms = options_.net_ticktime_ms;
  connections.self.backlog_bytes_max = options_.backlog_bytes_max;
  connections.cookie = std::exchange(options_.cookie, {});
  connections.random = random_32;
  connections.pending_max = pending_handshakes_allowed();
  connections_.emplace(std::move(connections));
  context_.restart();
  thread_ = std::thread([this] {
    const asio::any_io_executor keeps_running =
        asio::require(context_.get_executor(), asio::execution::outstanding_work.tracked);
    try {
      begin();
    } catch (...) {
      give_up(caught_error());
    }
    run_until_stopped();
  });
}

void Runtime::Impl::run_until_stopped() {
  BusyWait busy(std::thread::hardware_concurrency());
  while (!context_.stopped()) {
    try {
      run_turns(busy);
    } catch (...) {
      turn_failed(caught_error());
    }
  }
}

void Runtime::Impl::run_turns(BusyWait& busy) {
  using Clock = std::chrono::steady_clock;
  while (!context_.stopped()) {
    const auto since = Clock::now();
    std::size_t handled = 0;
    auto waited = Clock::duration::zero();
    while (busy.polls() && handled == 0 && waited < poll_time_max) {
      handled = context_.poll_one();
      waited = Clock::now() - since;
    }
    if (handled == 0) {
      context_.run_one();
      waited = Clock::now() - since;
    }
    busy.waited(waited);
    context_.poll();
  }
}

void Runtime::Impl::begin() {
  core_->attach([this] { asio::post(context_, [this] { turn_over(); }); });
  acceptor_.start(
      [this](tcp::socket socket) {
        AsioError error;
        const auto remote = socket.remote_endpoint(error);
        // Gone again already.
        if (error) return;
        contain(0, [&] {
          const auto link = connections_->accepted(to_text(remote), monotonic_ms());
          if (link) adopt(*link, std::move(socket));
        });
        turn_over();
      },
      [this](const std::string& reason) {
        log({Level::warning, "cannot accept connections: " + reason, {}, reason});
      });
  for (const dist::NodeName& peer : options_.connect) connections_->keep(peer, monotonic_ms());
  turn_over();
}

void Runtime::Impl::stop() {
  const std::lock_guard lock(stop_mutex_);
  if (!thread_.joinable()) return;
  invariant(thread_.get_id() != std::this_thread::get_id(),
            "stop called from the node's own thread");
  asio::post(context_, [this] { begin_stop(); });
  thread_.join();
}

void Runtime::Impl::begin_stop() {
  if (std::exchange(stops_, true)) return;
  acceptor_.close();
  dialer_->close();
  epmd_->close();
  stop_timer_.expires_after(stop_timeout);
  stop_timer_.async_wait([this](const AsioError& cancelled) {
    if (cancelled) return;
    // Whoever has not read what was queued by now goes without.
    const auto left = links_;
    for (const auto& [link, tcp_link] : left) tcp_link->close();
    context_.stop();
  });
  ask_router([](process::Router& router, const store::Now& now) { router.stop(now); });
  drain_events();
  write_out();
  connections_->stop(monotonic_ms());
  core_->detach();
  stopping_ = true;
  turn_over();
}

void Runtime::Impl::finish_stop_when_idle() {
  if (stopping_ && links_.empty()) context_.stop();
}

void Runtime::Impl::set_cookie(std::string cookie) {
  asio::post(context_, [this, cookie = std::move(cookie)]() mutable {
    connections_->set_cookie(std::nullopt, std::move(cookie), monotonic_ms());
    turn_over();
  });
}

// ---- turns ----

void Runtime::Impl::turn_over() {
  ask_router([](process::Router&, const store::Now&) {});
  drain_events();
  write_out();
  arm_timer();
  failed_turns_ = 0;
  if (core_->is_broken()) give_up({std::make_error_code(std::errc::state_not_recoverable), {}});
  finish_stop_when_idle();
}

void Runtime::Impl::drain_events() {
  while (auto event = connections_->next_event(monotonic_ms())) {
    const auto* const frame = std::get_if<dist::PeerFrame>(&*event);
    const auto* const up = std::get_if<dist::PeerUp>(&*event);
    contain(frame != nullptr ? frame->link
            : up != nullptr  ? up->link
                             : 0,
            [&] { std::visit([this](const auto& one) { handle(one); }, *event); });
  }
}

void Runtime::Impl::write_out() {
  for (const LinkId link : connections_->take_writable()) {
    const auto found = links_.find(link);
    if (found == links_.end()) continue;
    // The link may end in here, and with it its place in the map.
    const auto writing = found->second;
    contain(link, [&] { writing->flush(); });
  }
}

void Runtime::Impl::arm_timer() {
  dist::Earliest earliest;
  earliest.add(connections_->next_deadline_ms());
  earliest.add(core_->next_wake_ms());
  if (!lingering_.empty()) earliest.add(lingering_.front().until_ms);
  const auto next = earliest.ms();
  // One that is set too early is left alone: it finds nothing due, and is set again then. Setting
  // it anew for every frame would cost more.
  if (!next || (timer_ms_ && *timer_ms_ <= *next)) return;
  timer_ms_ = next;
  // The timer's own clock stands while the machine sleeps.
  timer_.expires_after(std::chrono::milliseconds(*next - monotonic_ms()));
  timer_.async_wait([this](const AsioError& cancelled) {
    if (!cancelled) on_timer();
  });
}

void Runtime::Impl::on_timer() {
  timer_ms_.reset();
  const std::int64_t now_ms = monotonic_ms();
  connections_->wake(now_ms);
  ask_router([](process::Router& router, const store::Now& now) { router.wake(now); });
  while (!lingering_.empty() && lingering_.front().until_ms <= now_ms) {
    cut_off(lingering_.front().link);
    lingering_.pop_front();
  }
  turn_over();
}

// ---- sockets ----

void Runtime::Impl::adopt(LinkId link, tcp::socket socket) {
  LinkOwner& owner = *this;
  const auto tcp_link = std::make_shared<TcpLink>(link, std::move(socket), owner, read_buffer_);
  links_.emplace(link, tcp_link);
  tcp_link->start();
}

void Runtime::Impl::received(LinkId link, ByteView bytes) {
  connections_->feed(link, bytes, monotonic_ms());
  drain_events();
}

void Runtime::Impl::closed(LinkId link) {
  links_.erase(link);
  connections_->peer_closed(link, monotonic_ms());
}

// ---- Runtime ----

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runtime::~Runtime() = default;

Result<std::unique_ptr<Runtime>> Runtime::open(RuntimeOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto opened = impl->open(); !opened) return opened.error();
  return std::unique_ptr<Runtime>(new Runtime(std::move(impl)));
}

std::uint16_t Runtime::port() const {
  return impl_->port();
}
std::uint32_t Runtime::creation() const {
  return impl_->creation();
}
void Runtime::run(Core& core) {
  impl_->run(core);
}
void Runtime::stop() {
  impl_->stop();
}
void Runtime::set_cookie(std::string cookie) {
  impl_->set_cookie(std::move(cookie));
}
std::vector<std::string> Runtime::peers() const {
  return impl_->peers();
}

}  // namespace groot::io
