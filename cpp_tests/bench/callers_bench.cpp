// How many calls a second a node's storage process answers when many callers wait at once.
//
//   callers_bench NODE COOKIE LINKS CALLERS CALLS
//
// LINKS hidden nodes of their own, connected by erl_interface, which together have CALLERS calls
// {set, {k, I}, I} under way at any time, CALLS in all, five times over. What a link brings at once
// is read at once, and the calls that follow from it are written at once, as a BEAM does it for its
// processes; here that costs less than the node's part, so that the node is the limit. Prints one
// JSON object, us_each: microseconds for each call. Uses ERL_EPMD_PORT.
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <ei.h>

#include "cpp_tests/bench/arguments.hpp"
#include "cpp_tests/bench/samples.hpp"

namespace {

constexpr int runs = 5;
constexpr const char* host = "127.0.0.1";
constexpr int length_bytes = 4;
constexpr char pass_through = 112;

int fail(const char* why) {
  std::fprintf(stderr, "callers_bench: %s\n", why);
  return 1;
}

// One connection, and the callers behind it.
class Link {
 public:
  Link() { ei_x_new(&frame_); }
  ~Link() {
    if (socket_ >= 0) ::close(socket_);
    ei_x_free(&frame_);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  bool connect(char* node, const char* cookie, long number) {
    const std::string alive = "callers" + std::to_string(number);
    in_addr address{};
    ::inet_pton(AF_INET, host, &address);
    if (ei_connect_xinit(&self_, host, alive.c_str(), (alive + "@" + host).c_str(), &address,
                         cookie, 1) != 0) {
      return false;
    }
    socket_ = ei_connect(&self_, node);
    return socket_ >= 0;
  }

  [[nodiscard]] int socket() const { return socket_; }

  // Queues {'$gen_call', {Pid, Caller}, {set, {k, I}, I}} to the storage process.
  void call(long caller, long i) {
    frame_.index = 0;
    ei_x_append_buf(&frame_, &pass_through, 1);
    ei_x_encode_version(&frame_);
    ei_x_encode_tuple_header(&frame_, 4);
    ei_x_encode_long(&frame_, ERL_REG_SEND);
    ei_x_encode_pid(&frame_, ei_self(&self_));
    ei_x_encode_atom(&frame_, "");
    ei_x_encode_atom(&frame_, "Elixir.Groot.Storage");
    ei_x_encode_version(&frame_);
    ei_x_encode_tuple_header(&frame_, 3);
    ei_x_encode_atom(&frame_, "$gen_call");
    ei_x_encode_tuple_header(&frame_, 2);
    ei_x_encode_pid(&frame_, ei_self(&self_));
    ei_x_encode_long(&frame_, caller);
    ei_x_encode_tuple_header(&frame_, 3);
    ei_x_encode_atom(&frame_, "set");
    ei_x_encode_tuple_header(&frame_, 2);
    ei_x_encode_atom(&frame_, "k");
    ei_x_encode_long(&frame_, i);
    ei_x_encode_long(&frame_, i);
    const std::uint32_t length = htonl(static_cast<std::uint32_t>(frame_.index));
    out_.append(reinterpret_cast<const char*>(&length), length_bytes);
    out_.append(frame_.buff, static_cast<std::size_t>(frame_.index));
  }

  bool flush() {
    std::size_t sent = 0;
    while (sent < out_.size()) {
      const ssize_t count = ::send(socket_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += static_cast<std::size_t>(count);
    }
    out_.clear();
    return true;
  }

  // Waits for bytes, and adds the callers that they answer; false when one is not answered by ok,
  // or at the end of the connection. Ticks and other operations than SEND are passed over.
  bool receive(std::vector<long>& answered) {
    std::array<char, 64 * 1024> bytes;
    const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (count <= 0) return false;
    in_.append(bytes.data(), static_cast<std::size_t>(count));
    std::size_t at = 0;
    while (in_.size() - at >= length_bytes) {
      std::uint32_t length = 0;
      std::memcpy(&length, in_.data() + at, length_bytes);
      length = ntohl(length);
      if (in_.size() - at - length_bytes < length) break;
      at += length_bytes;
      if (length > 0 && !read_frame(in_.data() + at, answered)) return false;
      at += length;
    }
    in_.erase(0, at);
    return true;
  }

 private:
  // {SEND, '', Pid} and {Caller, ok}.
  static bool read_frame(const char* frame, std::vector<long>& answered) {
    int at = 1;
    int version = 0;
    int arity = 0;
    long operation = 0;
    if (frame[0] != pass_through || ei_decode_version(frame, &at, &version) != 0 ||
        ei_decode_tuple_header(frame, &at, &arity) != 0 ||
        ei_decode_long(frame, &at, &operation) != 0) {
      return false;
    }
    if (operation != ERL_SEND) return true;
    long caller = 0;
    char word[MAXATOMLEN];
    if (ei_skip_term(frame, &at) != 0 || ei_skip_term(frame, &at) != 0 ||
        ei_decode_version(frame, &at, &version) != 0 ||
        ei_decode_tuple_header(frame, &at, &arity) != 0 || arity != 2 ||
        ei_decode_long(frame, &at, &caller) != 0 || ei_decode_atom(frame, &at, word) != 0 ||
        std::strcmp(word, "ok") != 0) {
      return false;
    }
    answered.push_back(caller);
    return true;
  }

  ei_cnode self_{};
  int socket_ = -1;
  ei_x_buff frame_{};
  std::string out_;
  std::string in_;
};

using Links = std::vector<std::unique_ptr<Link>>;

bool run(Links& links, long callers, long calls) {
  long sent = 0;
  for (; sent < callers && sent < calls; ++sent) {
    links[static_cast<std::size_t>(sent) % links.size()]->call(sent, sent);
  }
  std::vector<pollfd> sockets;
  for (const auto& link : links) {
    if (!link->flush()) return false;
    sockets.push_back({link->socket(), POLLIN, 0});
  }
  std::vector<long> answered;
  for (long done = 0; done < calls;) {
    if (links.size() > 1 && ::poll(sockets.data(), sockets.size(), -1) <= 0) return false;
    for (std::size_t i = 0; i < links.size(); ++i) {
      if (links.size() > 1 && sockets[i].revents == 0) continue;
      answered.clear();
      if (!links[i]->receive(answered)) return false;
      done += static_cast<long>(answered.size());
      for (const long caller : answered) {
        if (sent < calls) links[i]->call(caller, sent++);
      }
      if (!links[i]->flush()) return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const long link_count = argc == 6 ? groot::bench::number(argv[3]) : 0;
  const long callers = argc == 6 ? groot::bench::number(argv[4]) : 0;
  const long calls = argc == 6 ? groot::bench::number(argv[5]) : 0;
  if (link_count == 0 || callers == 0 || calls == 0) {
    return fail("usage: callers_bench NODE COOKIE LINKS CALLERS CALLS");
  }
  if (ei_init() != 0) return fail("no erl_interface");
  Links links;
  for (long i = 0; i < link_count; ++i) {
    links.push_back(std::make_unique<Link>());
    if (!links.back()->connect(argv[1], argv[2], i)) return fail("the node cannot be reached");
  }
  std::vector<double> us_each;
  for (int i = 0; i < runs; ++i) {
    const auto before = std::chrono::steady_clock::now();
    if (!run(links, callers, calls)) return fail("a call was not answered");
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - before;
    us_each.push_back(took.count() / static_cast<double>(calls));
  }
  std::printf("{%s}\n", groot::bench::samples("us_each", us_each).c_str());
  return 0;
}
