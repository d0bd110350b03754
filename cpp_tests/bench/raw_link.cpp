#include "cpp_tests/bench/raw_link.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "cnode/dist/dist_error.hpp"

namespace groot::bench {
namespace {

using ei_codec::Bytes;
using ei_codec::ByteView;

constexpr std::size_t read_bytes = std::size_t{256} << 10;
constexpr std::uint32_t creation = 4;
constexpr std::uint32_t challenge = 7;

Error system_error() {
  return {std::error_code(errno, std::system_category()), {}};
}

dist::Identity identity(const std::string& name) {
  return {.name = *dist::NodeName::parse(name), .creation = creation};
}

}  // namespace

Result<int> connect_loopback(std::uint16_t port) {
  const int connected = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connected < 0) return system_error();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int yes = 1;
  ::setsockopt(connected, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (::connect(connected, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return connected;
  }
  const Error error = system_error();
  ::close(connected);
  return error;
}

bool write_all(int socket, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

Result<std::unique_ptr<RawLink>> RawLink::open(const RawLinkOptions& options) {
  const auto connected = connect_loopback(options.port);
  if (!connected) return connected.error();
  std::unique_ptr<RawLink> link(new RawLink(options, *connected));
  if (auto up = link->shake_hands(); !up) return up.error();
  return link;
}

RawLink::RawLink(const RawLinkOptions& options, int socket)
    : self_(options.self),
      on_frame_(options.on_frame),
      socket_(socket),
      link_(identity(options.self), *dist::NodeName::parse(options.peer), options.cookie, challenge,
            0) {}

RawLink::~RawLink() {
  ::close(socket_);
}

Result<void> RawLink::shake_hands() {
  buffer_.resize(read_bytes);
  while (true) {
    if (auto handled = handle_events(); !handled) return handled;
    if (link_.is_up()) return {};
    for (const dist::OutputChunk& chunk : link_.take_output()) {
      if (!write(chunk.view())) return system_error();
      link_.written(chunk.view().size(), 0);
    }
    if (auto fed = feed(); !fed) return fed;
  }
}

dist::Pid RawLink::pid() const {
  return {{self_}, 100, 0, creation};
}

void RawLink::append_frame(std::string_view name, ByteView message, Bytes& out) const {
  dist::encode_frame(dist::RegSend{pid(), std::string(name)}, message, flags(), out);
}

bool RawLink::write(ByteView bytes) {
  return write_all(socket_, bytes);
}

Result<void> RawLink::read() {
  if (auto fed = feed(); !fed) return fed;
  return handle_events();
}

Result<void> RawLink::handle_events() {
  while (const auto event = link_.next_event()) {
    if (const auto* closed = std::get_if<dist::Closed>(&*event)) return closed->reason;
    if (const auto* received = std::get_if<dist::FrameReceived>(&*event)) {
      on_frame_(*this, received->frame);
    }
  }
  return {};
}

Result<void> RawLink::feed() {
  const ssize_t count = ::read(socket_, buffer_.data(), buffer_.size());
  if (count < 0) return system_error();
  if (count == 0) return dist::make_error_code(dist::dist_errc::peer_closed);
  link_.feed(ByteView(buffer_).first(static_cast<std::size_t>(count)), 0);
  return {};
}

}  // namespace groot::bench
