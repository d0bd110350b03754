#include "cpp_tests/bench/sinks.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "cnode/process/gen_message.hpp"
#include "cnode/process/peer_process.hpp"
#include "cpp_tests/bench/raw_link.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::bench {
namespace {

using ei_codec::Bytes;

constexpr std::size_t events_max = 256;
constexpr std::size_t name_bytes_max = 64;

struct Order {
  char node[name_bytes_max];
  std::uint16_t port;
  std::uint32_t links;
};

// What the process of the sinks does, from its order to the end of its socket.
class SinkProcess {
 public:
  explicit SinkProcess(int socket) : socket_(socket), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

  bool run() {
    Order order{};
    if (::read(socket_, &order, sizeof order) != sizeof order) return false;
    for (std::uint32_t i = 0; i < order.links; ++i) {
      if (!open(order, i)) return false;
    }
    while (greeted_ < order.links) {
      if (!read_once()) return false;
    }
    if (!tell()) return false;
    while (read_once()) {
      for (; marks_ >= order.links; marks_ -= order.links) {
        if (!tell()) return false;
      }
    }
    return true;
  }

 private:
  bool open(const Order& order, std::uint32_t number) {
    auto link = RawLink::open(
        {.self = "sink_" + std::to_string(number) + "@127.0.0.1",
         .peer = order.node,
         .port = order.port,
         .cookie = sinks_cookie,
         .on_frame = [this](RawLink& from, const dist::Frame& frame) { handle(from, frame); }});
    if (!link) {
      std::fprintf(stderr, "sink %u: %s\n", number, link.error().text().c_str());
      return false;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = number;
    links_.push_back(*std::move(link));
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, links_.back()->socket(), &event) == 0;
  }

  bool read_once() {
    epoll_event events[events_max];
    const int count = ::epoll_wait(epoll_, events, events_max, -1);
    for (int i = 0; i < count; ++i) {
      if (!links_[events[i].data.u32]->read()) return false;
    }
    return count >= 0 || errno == EINTR;
  }

  void handle(RawLink& link, const dist::Frame& frame) {
    const auto* send = std::get_if<dist::RegSend>(&frame.control);
    if (!send || !frame.message) return;
    if (send->to == process::peer_process_name) {
      answer(link, *frame.message);
    } else {
      const ei_codec::ByteView bytes = frame.message->bytes();
      marks_ +=
          ::memmem(bytes.data(), bytes.size(), round_mark, std::strlen(round_mark)) != nullptr;
    }
  }

  // As a node of ours that then says nothing.
  void answer(RawLink& link, ei_codec::ScannedTerm message) {
    const auto envelope = process::read_gen_message(0, message);
    const auto* call = std::get_if<process::GenCall>(&envelope);
    if (!call) return;
    const Bytes hello = encode_term(process::encode_hello({}));
    Bytes reply{104, 2};  // SMALL_TUPLE_EXT of two
    reply.insert(reply.end(), call->from.tag.begin(), call->from.tag.end());
    reply.insert(reply.end(), hello.begin(), hello.end());
    Bytes out;
    dist::encode_frame(dist::Send{link.pid(), call->from.pid}, reply, link.flags(), out);
    greeted_ += link.write(out);
  }

  [[nodiscard]] bool tell() const { return ::write(socket_, "r", 1) == 1; }

  int socket_;
  int epoll_;
  std::vector<std::unique_ptr<RawLink>> links_;
  std::uint32_t greeted_ = 0;
  std::size_t marks_ = 0;
};

}  // namespace

Result<std::unique_ptr<Sinks>> Sinks::start() {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    return std::error_code(errno, std::system_category());
  }
  raise_descriptor_limit();
  const int process = ::fork();
  if (process < 0) return std::error_code(errno, std::system_category());
  if (process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(sockets[0]);
    ::_exit(SinkProcess(sockets[1]).run() ? 0 : 1);
  }
  ::close(sockets[1]);
  return std::unique_ptr<Sinks>(new Sinks(process, sockets[0]));
}

Sinks::~Sinks() {
  ::close(socket_);
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

bool Sinks::connect(const std::string& node, std::uint16_t port, std::uint32_t links) {
  Order order{};
  if (node.size() >= sizeof order.node) return false;
  node.copy(order.node, node.size());
  order.port = port;
  order.links = links;
  return ::write(socket_, &order, sizeof order) == sizeof order && wait_round();
}

bool Sinks::wait_round() {
  char told = 0;
  return ::read(socket_, &told, 1) == 1;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace groot::bench
