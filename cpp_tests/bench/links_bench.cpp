// What one write costs a node that has many links, beside the bare calls that hand the kernel the
// same bytes.
//
//   links_bench LINKS ROUNDS
//
// LINKS peers of our own kind, in another process, that read all and keep nothing (sinks.hpp). Of
// each of ROUNDS rounds, one Node::set until every link has read it, one JSON object holds, in
// microseconds by LINKS:
//
//   cpu_us   processor time of the node's process, all threads
//   wall_us  from before the set to when the last link has read it, which the readers take part in
//   bare_us  processor time of a thread that sends as many bytes once over each of LINKS
//            connections, while another one reads them
//
// Needs an epmd (ERL_EPMD_PORT), and twice as many open files as links.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "cnode/node.hpp"
#include "cnode/process/register_codec.hpp"
#include "cnode/process/replication.hpp"
#include "cpp_tests/bench/arguments.hpp"
#include "cpp_tests/bench/known_peers.hpp"
#include "cpp_tests/bench/loopback_copy.hpp"
#include "cpp_tests/bench/processor_time.hpp"
#include "cpp_tests/bench/raw_link.hpp"
#include "cpp_tests/bench/samples.hpp"
#include "cpp_tests/bench/sinks.hpp"
#include "ei_codec/term_encode.hpp"

namespace {

using namespace groot;
using namespace groot::ei_codec;
using namespace std::chrono_literals;

constexpr auto known_wait_max = 120s;

int fail(const std::string& why) {
  std::fprintf(stderr, "links_bench: %s\n", why.c_str());
  return 1;
}

struct Times {
  std::vector<double> cpu_us;
  std::vector<double> wall_us;
};

Result<Times> write_to_all(bench::Sinks& sinks, std::uint32_t links, std::uint32_t rounds) {
  const std::error_code ended = std::make_error_code(std::errc::connection_aborted);
  bench::KnownPeers known;
  NodeOptions options;
  options.name = "links_bench@127.0.0.1";
  options.long_names = true;
  options.cookie = bench::sinks_cookie;
  options.log = known.listener();
  const auto node = Node::start(options);
  if (!node) return node.error();
  if (!sinks.connect((*node)->name(), (*node)->port(), links) ||
      !known.wait_for(links, known_wait_max)) {
    return {ended, "no links"};
  }
  Times times;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const double cpu_before = bench::processor_us();
    const auto before = std::chrono::steady_clock::now();
    if (auto set = (*node)->set(atom("round"), binary(bench::round_mark)); !set) return set.error();
    if (!sinks.wait_round()) return ended;
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - before;
    times.wall_us.push_back(took.count() / links);
    times.cpu_us.push_back((bench::processor_us() - cpu_before) / links);
  }
  return times;
}

Bytes frame_of_a_round() {
  Bytes message;
  process::encode_update(store::Register::make({encode_term(atom("round")),
                                                encode_term(binary(bench::round_mark)),
                                                {1'700'000'000'000, 0, 0xfedc'ba98'7654'3210}}))
      .append_to(message);
  Bytes frame;
  const dist::Pid from{{"links_bench@127.0.0.1"}, 1, 0, 4};
  dist::encode_frame(dist::RegSend{from, std::string(process::storage_name)}, message,
                     dist::hidden_flags, frame);
  return frame;
}

// Reads all that comes, in a thread of its own.
class Reader {
 public:
  explicit Reader(const std::vector<bench::LoopbackPair>& pairs)
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (const auto& pair : pairs) {
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = pair.far();
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, pair.far(), &event);
    }
    thread_ = std::thread([this] { run(); });
  }
  // The connections have ended.
  ~Reader() {
    thread_.join();
    ::close(epoll_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void wait_for(std::size_t bytes) const {
    for (std::size_t now = bytes_; now < bytes; now = bytes_) bytes_.wait(now);
  }

 private:
  void run() {
    std::array<epoll_event, 256> events{};
    std::array<std::uint8_t, 4'096> buffer{};
    while (true) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const ssize_t got =
            ::read(events[static_cast<std::size_t>(i)].data.fd, buffer.data(), buffer.size());
        if (got <= 0) return;
        bytes_ += static_cast<std::size_t>(got);
      }
      bytes_.notify_all();
    }
  }

  int epoll_;
  std::atomic<std::size_t> bytes_ = 0;
  std::thread thread_;
};

Result<std::vector<double>> write_bare(std::uint32_t links, std::uint32_t rounds) {
  const Bytes frame = frame_of_a_round();
  std::vector<bench::LoopbackPair> pairs;
  for (std::uint32_t i = 0; i < links; ++i) {
    auto pair = bench::LoopbackPair::open();
    if (!pair) return pair.error();
    pairs.push_back(*std::move(pair));
  }
  const Reader reader(pairs);
  std::vector<double> bare_us;
  bool written = true;
  for (std::uint32_t round = 0; written && round < rounds; ++round) {
    const double before = bench::thread_us();
    for (const auto& pair : pairs) written = bench::write_all(pair.near(), frame) && written;
    bare_us.push_back((bench::thread_us() - before) / links);
    if (written) reader.wait_for((round + 1) * links * frame.size());
  }
  ::shutdown(pairs.front().near(), SHUT_WR);
  if (!written) return std::make_error_code(std::errc::io_error);
  return bare_us;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint32_t links = argc == 3 ? bench::number(argv[1]) : 0;
  const std::uint32_t rounds = argc == 3 ? bench::number(argv[2]) : 0;
  if (links == 0 || rounds == 0) return fail("usage: links_bench LINKS ROUNDS");
  const auto sinks = bench::Sinks::start();
  if (!sinks) return fail(sinks.error().text());
  const auto times = write_to_all(**sinks, links, rounds);
  if (!times) return fail(times.error().text());
  const auto bare_us = write_bare(links, rounds);
  if (!bare_us) return fail(bare_us.error().text());
  std::printf("{%s, %s, %s}\n", bench::samples("cpu_us", times->cpu_us).c_str(),
              bench::samples("wall_us", times->wall_us).c_str(),
              bench::samples("bare_us", *bare_us).c_str());
  return 0;
}
