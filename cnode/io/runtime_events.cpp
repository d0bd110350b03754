#include <string>
#include <utility>
#include <variant>

#include <boost/asio/post.hpp>

#include "cnode/io/limits.hpp"
#include "cnode/io/runtime_impl.hpp"

namespace groot::io {

// ---- what Connections says ----

void Runtime::Impl::handle(const dist::Dial& event) {
  if (stopping_) return;
  dialer_->dial(event.peer, event.again, [this, peer = event.peer](Result<tcp::socket> result) {
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
  {
    const std::lock_guard lock(peers_mutex_);
    peers_[event.link] = event.peer.name.full();
  }
  const std::string& name = event.peer.name.full();
  const std::string text = "connected to " + name;
  log({Level::info, text, text, {}});
  ask_router([&event](process::Router& router, const store::Now& now) {
    router.peer_up(event.link, event.peer, now);
  });
}

void Runtime::Impl::handle(const dist::PeerDown& event) {
  {
    const std::lock_guard lock(peers_mutex_);
    peers_.erase(event.link);
  }
  const std::string& name = event.peer.name.full();
  const std::string lost = "lost " + name + ": ";
  // Each reason by itself: that it breaks the protocol is not drowned by how often it comes and
  // goes.
  log({Level::info, lost + event.reason.text(), lost + event.reason.code.message(), {}});
  ask_router([&event](process::Router& router, const store::Now& now) {
    router.peer_down(event.link, event.reason, event.left, now);
  });
}

void Runtime::Impl::handle(const dist::AttemptFailed& event) {
  const std::string peer = event.peer ? event.peer->full() : std::string();
  const std::string who = peer.empty()            ? event.address
                          : event.address.empty() ? peer
                                                  : peer + " (" + event.address + ")";
  const std::string text = "no connection with " + who + ": " + event.reason.text();
  if (event.dialed && event.peer) {
    log({Level::warning, text, peer, event.reason.text()});
    ask_router([&event](process::Router& router, const store::Now& now) {
      router.connect_failed(*event.peer, event.answers, now);
    });
  } else {
    // An address without its port, and a reason without its detail: whoever talks nonsense to us
    // has another one of both each time.
    log({Level::warning, text, event.address.substr(0, event.address.rfind(':')),
         peer + ": " + event.reason.code.message()});
  }
}

void Runtime::Impl::handle(const dist::PeerFrame& event) {
  ask_router([&event](process::Router& router, const store::Now& now) {
    router.receive(event.link, event.frame, now);
  });
}

// ---- what the router wants ----

void Runtime::Impl::perform(std::vector<process::Action> actions) {
  for (process::Action& action : actions) {
    contain(0, [&] { std::visit([this](auto& one) { perform(one); }, action); });
  }
}

void Runtime::Impl::perform(process::SendFrame& action) {
  connections_->send(action.link, action.control, std::move(action.message));
}

void Runtime::Impl::perform(process::SendFrames& action) {
  connections_->send(action.links, action.control, std::move(action.message));
}

void Runtime::Impl::perform(process::AwaitRoom& action) {
  if (connections_->await_room(action.link)) tell_room(action.link);
}

void Runtime::Impl::tell_room(LinkId link) {
  asio::post(context_, [this, link] {
    ask_router([link](process::Router& router, const store::Now& now) { router.room(link, now); });
    turn_over();
  });
}

void Runtime::Impl::perform(process::KeepConnected& action) {
  connections_->keep_found(action.peer, monotonic_ms());
}

void Runtime::Impl::perform(process::Release& action) {
  connections_->release(action.peer);
}

void Runtime::Impl::perform(process::ConnectOnce& action) {
  // When it is up already, the router has heard so or is about to: the event is queued.
  (void)connections_->connect_once(action.peer, action.asker, monotonic_ms());
}

void Runtime::Impl::perform(process::Disconnect& action) {
  // Gone already: the router has heard so or is about to.
  (void)connections_->disconnect(action.peer, monotonic_ms());
}

void Runtime::Impl::perform(process::SetCookie& action) {
  connections_->set_cookie(action.peer, std::move(action.cookie), monotonic_ms());
}

void Runtime::Impl::perform(process::LogLine& action) {
  log(std::move(action));
}

void Runtime::Impl::perform(process::Notify& action) {
  if (options_.changed) options_.changed(action.reg);
}

}  // namespace groot::io
