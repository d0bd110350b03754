#include "cpp_tests/bench/loopback_copy.hpp"

#include <cerrno>
#include <chrono>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

#include "cnode/io/limits.hpp"
#include "cpp_tests/bench/raw_link.hpp"

namespace groot::bench {
namespace {

Error system_error() {
  return {std::error_code(errno, std::system_category()), {}};
}

}  // namespace

Result<LoopbackPair> LoopbackPair::open() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || ::bind(listener, any, size) != 0 || ::listen(listener, 1) != 0 ||
      ::getsockname(listener, any, &size) != 0) {
    return system_error();
  }
  const auto near = connect_loopback(ntohs(address.sin_port));
  if (!near) return near.error();
  LoopbackPair pair(*near, ::accept(listener, nullptr, nullptr));
  ::close(listener);
  if (pair.far_ < 0) return system_error();
  return pair;
}

LoopbackPair::~LoopbackPair() {
  if (near_ >= 0) ::close(near_);
  if (far_ >= 0) ::close(far_);
}

Result<double> loopback_copy_ms(ei_codec::ByteView bytes) {
  const auto pair = LoopbackPair::open();
  if (!pair) return pair.error();
  const auto begin = std::chrono::steady_clock::now();
  bool written = false;
  std::thread writer([&] { written = write_all(pair->near(), bytes); });
  std::vector<std::uint8_t> buffer(io::read_buffer_bytes);  // as the node reads
  std::size_t left = bytes.size();
  while (left > 0) {
    const ssize_t count = ::read(pair->far(), buffer.data(), buffer.size());
    if (count <= 0) break;
    left -= static_cast<std::size_t>(count);
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  writer.join();
  if (!written || left > 0) return std::make_error_code(std::errc::connection_aborted);
  return took.count();
}

}  // namespace groot::bench
