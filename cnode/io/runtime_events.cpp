#include <string>
#include <utility>
#include <variant>

#include "cnode/io/limits.hpp"
#include "cnode/io/runtime_impl.hpp"

namespace groot::io {

// ---- what Connections says ----

void Runtime::Impl::handle(const dist::Dial& event) {
  if (stopping_) return;
  dialer_->dial(event.peer, [this, peer = event.peer](Result<tcp::socket> result) {
    if (!result) {
      connections_->dial_failed(peer, result.error(), monotonic_ms());
    } else {
      AsioError error;
      const auto remote = result->remote_endpoint(error);
      const LinkId link = connections_->dialed(peer, to_text(remote), monotonic_ms());
      adopt(link, std::move(*result));
    }
    turn_over();
  });
}

void Runtime::Impl::handle(const dist::CloseSocket& event) {
  const auto found = links_.find(event.link);
  if (found == links_.end()) return;
  const auto closing = found->second;
  if (event.at_once) return closing->close();
  lingering_.push_back(
      {monotonic_ms() + std::chrono::milliseconds(linger_timeout).count(), event.link});
  closing->close_when_written();
  if (event.stranger) {
    strangers_.push_back(event.link);
    if (strangers_.size() > lingering_strangers_max) {
      cut_off(strangers_.front());
      strangers_.pop_front();
    }
  }
}

void Runtime::Impl::cut_off(LinkId link) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  // Its place in the map goes with it.
  const auto closing = found->second;
  closing->close();
}

void Runtime::Impl::handle(const dist::PeerUp& event) {
  failures_.forget(event.peer.name.full());
  {
    const std::lock_guard lock(peers_mutex_);
    peers_[event.link] = event.peer.name.full();
  }
  log(Level::info, "connected to " + event.peer.name.full());
  ask_router([&event](process::Router& router, const store::Now& now) {
    router.peer_up(event.link, event.peer, now);
  });
}

void Runtime::Impl::handle(const dist::PeerDown& event) {
  {
    const std::lock_guard lock(peers_mutex_);
    peers_.erase(event.link);
  }
  log(Level::info, "lost " + event.peer.name.full() + ": " + event.reason.text());
  ask_router([&event](process::Router& router, const store::Now& now) {
    router.peer_down(event.link, event.reason, now);
  });
}

void Runtime::Impl::handle(const dist::AttemptFailed& event) {
  const std::string peer = event.peer ? event.peer->full() : std::string();
  const std::string who = peer.empty()            ? event.address
                          : event.address.empty() ? peer
                                                  : peer + " (" + event.address + ")";
  const std::string text = "no connection with " + who + ": " + event.reason.text();
  if (event.dialed && event.peer) {
    log_failure(peer, event.reason.text(), text);
    ask_router([&event](process::Router& router, const store::Now& now) {
      router.connect_failed(*event.peer, now);
    });
  } else {
    // An address without its port, and a reason without its detail: whoever talks nonsense to us
    // has another one of both each time.
    log_stranger(event.address.substr(0, event.address.rfind(':')), peer,
                 event.reason.code.message(), text);
  }
}

void Runtime::Impl::handle(const dist::PeerFrame& event) {
  ask_router([&event](process::Router& router, const store::Now& now) {
    router.receive(event.link, event.frame, now);
  });
}

void Runtime::Impl::log_failure(const std::string& whose, const std::string& kind,
                                const std::string& text) {
  log(failures_.is_news(whose, kind, monotonic_ms()) ? Level::warning : Level::debug, text);
}

void Runtime::Impl::log_stranger(const std::string& host, const std::string& peer,
                                 const std::string& kind, const std::string& text) {
  const std::int64_t now_ms = monotonic_ms();
  if (!failures_.is_news(peer + " from " + host, kind, now_ms)) return log(Level::debug, text);
  switch (failures_.room_for(host, now_ms)) {
    case FailureLog::Room::line:
      return log(Level::warning, text);
    case FailureLog::Room::last_line:
      return log(Level::warning, text + " (more from " + host + " is not told for a while)");
    case FailureLog::Room::none:
      return log(Level::debug, text);
  }
}

// ---- what the router wants ----

void Runtime::Impl::perform(std::vector<process::Action> actions) {
  for (process::Action& action : actions) {
    std::visit([this](auto& one) { perform(one); }, action);
  }
}

void Runtime::Impl::perform(process::SendFrame& action) {
  connections_->send(action.link, action.control, std::move(action.message));
}

void Runtime::Impl::perform(process::SendFrames& action) {
  connections_->send(action.links, action.control, std::move(action.message));
}

void Runtime::Impl::perform(process::KeepConnected& action) {
  connections_->keep(action.peer, monotonic_ms());
}

void Runtime::Impl::perform(process::ConnectOnce& action) {
  // When it is up already, the router has heard so or is about to: the event is queued.
  (void)connections_->connect_once(action.peer, monotonic_ms());
}

void Runtime::Impl::perform(process::Disconnect& action) {
  // Gone already: the router has heard so or is about to.
  (void)connections_->disconnect(action.peer, monotonic_ms());
}

void Runtime::Impl::perform(process::SetCookie& action) {
  connections_->set_cookie(action.peer, std::move(action.cookie), monotonic_ms());
}

void Runtime::Impl::perform(process::LogLine& action) {
  log(action.level, action.text);
}

void Runtime::Impl::perform(process::Notify& action) {
  if (options_.changed) options_.changed(action.reg);
}

}  // namespace groot::io
