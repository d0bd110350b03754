#include <string>

#include <boost/asio/post.hpp>

#include "cnode/io/limits.hpp"
#include "cnode/io/runtime_impl.hpp"

namespace groot::io {

void Runtime::Impl::failed(LinkId link, const Error& why) {
  if (core_->is_broken()) return give_up(why);
  if (link == 0) return log(Level::error, "something could not be done: " + why.text());
  std::string name;
  {
    const std::lock_guard lock(peers_mutex_);
    const auto found = peers_.find(link);
    if (found != peers_.end()) name = found->second;
  }
  log(Level::error, "a message of " + name + " could not be handled: " + why.text());
  connections_->give_up(link, why);
}

void Runtime::Impl::turn_failed(const Error& why) {
  try {
    if (core_->is_broken() || ++failed_turns_ > failed_turns_max) return give_up(why);
    log(Level::error, "a turn of the network thread failed: " + why.text());
    // Timers are set at its end.
    asio::post(context_, [this] { turn_over(); });
  } catch (...) {
    give_up(why);
  }
}

void Runtime::Impl::give_up(const Error& why) {
  if (gave_up_) return;
  gave_up_ = true;
  // Each for itself: where one fails the next may not.
  const auto attempt = [](auto&& step) {
    try {
      step();
      return true;
    } catch (...) {
      return false;
    }
  };
  attempt(
      [&] { log(Level::error, "this node cannot go on, and leaves the cluster: " + why.text()); });
  attempt([this] { core_->leave(); });
  if (!attempt([this] { begin_stop(); })) {
    attempt([this] {
      const auto left = links_;
      for (const auto& [link, tcp_link] : left) tcp_link->close();
    });
    context_.stop();
  }
  attempt([&] {
    if (options_.ended) options_.ended(why.text());
  });
}

}  // namespace groot::io
