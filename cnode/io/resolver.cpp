#include "cnode/io/resolver.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>

#include "cnode/dist/dist_error.hpp"
#include "cnode/io/limits.hpp"

namespace groot::io {

namespace {

asio::ip::address to_address(const addrinfo& entry) {
  if (entry.ai_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, entry.ai_addr, sizeof v4);
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, entry.ai_addr, sizeof v6);
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes, v6.sin6_scope_id);
}

}  // namespace

// Outlives the resolver while a look-up thread runs; `context` is null from the resolver's end on.
struct Resolver::State : std::enable_shared_from_this<Resolver::State> {
  struct Lookup {
    std::uint64_t ticket;
    std::string host;
  };

  std::mutex mutex;
  asio::io_context* context = nullptr;
  LookUp look_up;
  int running = 0;
  int running_again = 0;
  std::deque<Lookup> first;  // these have their turn before
  std::deque<Lookup> again;
  std::uint64_t next_ticket = 1;
  // Stay on this side of the thread: they own sockets, which must not outlive the context.
  std::map<std::uint64_t, Done> waiting;

  // Preconditions of all: the mutex is held and there is a context.

  // Begins what has room.
  void begin() {
    while (!first.empty() && running < lookups_max) {
      begin(take(first), false);
    }
    while (!again.empty() && running < lookups_max && running_again < lookups_again_max) {
      begin(take(again), true);
    }
  }
  static Lookup take(std::deque<Lookup>& queue) {
    Lookup next = std::move(queue.front());
    queue.pop_front();
    return next;
  }
  void begin(Lookup lookup, bool is_again) {
    const std::uint64_t ticket = lookup.ticket;
    try {
      std::thread([state = shared_from_this(), lookup = std::move(lookup), is_again] {
        auto result = state->look_up(lookup.host);
        const std::lock_guard finished(state->mutex);
        --state->running;
        if (is_again) --state->running_again;
        if (state->context == nullptr) return;
        state->answer_later(lookup.ticket, std::move(result));
        state->begin();
      }).detach();
      ++running;
      if (is_again) ++running_again;
    } catch (const std::system_error& failure) {
      answer_later(ticket, Error{dist::dist_errc::connect_failed,
                                 std::string("no thread to look up a host: ") + failure.what()});
    }
  }

  void answer_later(std::uint64_t ticket, Result<Addresses> result) {
    asio::post(*context,
               [state = shared_from_this(), ticket, result = std::move(result)]() mutable {
                 const auto entry = state->waiting.find(ticket);
                 if (entry == state->waiting.end()) return;
                 const Done done = std::move(entry->second);
                 state->waiting.erase(entry);
                 done(std::move(result));
               });
  }
};

Result<Resolver::Addresses> Resolver::ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); failure != 0) {
    return {dist::dist_errc::connect_failed,
            "host \"" + host + "\": " + std::string(::gai_strerror(failure))};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    const auto address = to_address(*entry);
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  std::stable_partition(addresses.begin(), addresses.end(),
                        [](const auto& address) { return address.is_v4(); });
  return addresses;
}

Resolver::Resolver(asio::io_context& context, LookUp look_up) : state_(std::make_shared<State>()) {
  state_->context = &context;
  state_->look_up = std::move(look_up);
}

Resolver::~Resolver() {
  const std::lock_guard lock(state_->mutex);
  state_->context = nullptr;
  state_->waiting.clear();
  state_->first.clear();
  state_->again.clear();
}

void Resolver::resolve(const std::string& host, bool again, Done done) {
  const std::lock_guard lock(state_->mutex);
  const std::uint64_t ticket = state_->next_ticket++;
  state_->waiting.emplace(ticket, std::move(done));
  AsioError not_literal;
  if (const auto address = asio::ip::make_address(host, not_literal); !not_literal) {
    return state_->answer_later(ticket, Addresses{address});
  }
  std::deque<State::Lookup>& queue = again ? state_->again : state_->first;
  if (queue.size() >= lookups_waiting_max) {
    return state_->answer_later(
        ticket, Error{dist::dist_errc::connect_failed, "too many host names are being looked up"});
  }
  queue.push_back({ticket, host});
  state_->begin();
}

}  // namespace groot::io
