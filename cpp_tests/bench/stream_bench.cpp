// How long a node takes for a stream of single update_register messages from one link, beside a
// bare copy of the same bytes over loopback.
//
//   stream_bench NODE PORT COOKIE MESSAGES KEYS
//
// Dials NODE, stock or ours, at 127.0.0.1:PORT, writes MESSAGES messages over KEYS keys as fast as
// the socket takes them, and waits for the answer to a `set` behind them: the same process handles
// both, one after the other. Each message wins over those before it. All are made before the
// time begins: 16-byte keys, 32-byte values. Prints one JSON object:
//
//   stream_ms  from the first byte written to that answer
//   copy_ms    the same bytes, written and read by two threads of this program
//   bytes      of the stream
//
// Time on the wall: sender and receiver run at the same time, each on a processor of its own where
// there are two.
#include <chrono>
#include <cstdio>
#include <string>
#include <unistd.h>

#include "cnode/process/replication.hpp"
#include "cpp_tests/bench/arguments.hpp"
#include "cpp_tests/bench/loopback_copy.hpp"
#include "cpp_tests/bench/raw_link.hpp"
#include "cpp_tests/bench/update_stream.hpp"
#include "ei_codec/term_encode.hpp"

namespace {

using namespace groot;
using namespace groot::ei_codec;

int fail(const std::string& why) {
  std::fprintf(stderr, "stream_bench: %s\n", why.c_str());
  return 1;
}

Bytes last_call(const bench::RawLink& link) {
  const Term from = tuple({link.pid(), atom("done")});
  const Term request = tuple({atom("set"), binary("stream_bench_done"), std::int64_t{1}});
  Bytes frame;
  link.append_frame(process::storage_name, encode_term(tuple({atom("$gen_call"), from, request})),
                    frame);
  return frame;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return fail("usage: stream_bench NODE PORT COOKIE MESSAGES KEYS");
  bool answered = false;
  bench::RawLinkOptions options{.self = "stream_" + std::to_string(::getpid()) + "@127.0.0.1",
                                .peer = argv[1],
                                .port = static_cast<std::uint16_t>(bench::number(argv[2])),
                                .cookie = argv[3],
                                .on_frame = [&answered](bench::RawLink&, const dist::Frame& frame) {
                                  answered |= std::holds_alternative<dist::Send>(frame.control);
                                }};
  const auto link = bench::RawLink::open(options);
  if (!link) return fail(link.error().text());
  Bytes stream = bench::update_stream(**link, bench::number(argv[4]), bench::number(argv[5]));
  const Bytes call = last_call(**link);
  stream.insert(stream.end(), call.begin(), call.end());

  const auto begin = std::chrono::steady_clock::now();
  if (!(*link)->write(stream)) return fail("the link ended");
  while (!answered) {
    if (const auto read = (*link)->read(); !read) return fail(read.error().text());
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  const auto copy_ms = bench::loopback_copy_ms(stream);
  if (!copy_ms) return fail(copy_ms.error().text());
  std::printf("{\"stream_ms\": %.2f, \"copy_ms\": %.2f, \"bytes\": %zu}\n", took.count(), *copy_ms,
              stream.size());
  return 0;
}
