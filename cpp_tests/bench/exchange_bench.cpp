// What two nodes of ours send each other to become equal, and how long it keeps them: both routers
// in one process, their frames through the wire format, but for the kernel's part.
//
//   exchange_bench [REGISTERS [DIFFERING]]
//
// Keys of 16 bytes, values of 32, 1,000,000 registers unless told otherwise, of which 1,000 differ.
// Prints one JSON object:
//   differ_ratio   bytes on the wire, both ways and headers included, for the registers that
//                  differ, half of them on either side, by what these registers take in one message
//   differ_ms, join_ms     processor time of both nodes together, until equal: for those, and for
//                  one that joins empty and is given everything
//   turn_ms        the longest that one frame kept its receiver, of all frames of both
//   idle_bytes, idle_ms    of one round between equals; the time of each of five
#include <algorithm>
#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "cnode/process/register_codec.hpp"
#include "cnode/process/router.hpp"
#include "cnode/process/term_append.hpp"
#include "cpp_tests/bench/arguments.hpp"
#include "cpp_tests/bench/processor_time.hpp"
#include "cpp_tests/bench/samples.hpp"
#include "cpp_tests/support/actions.hpp"

namespace {

using namespace groot;
using ei_codec::Bytes;
using ei_codec::ByteView;

constexpr std::int64_t wall_ms = 1'700'000'000'000;
constexpr dist::LinkId link_id = 1;
constexpr int idle_rounds = 5;

struct One {
  One(const char* name, std::uint64_t seed)
      : self(*dist::NodeName::parse(name)),
        replica(store::ReplicaOptions{.node_id = seed}),
        router({.self = self,
                .creation = 4,
                .hidden_feed = process::HiddenFeed::off,
                .random = [seed]() mutable { return seed += 0x9e37'79b9'7f4a'7c15; }},
               replica) {
    replica.report_changes(false);  // as in a node without listeners
  }

  dist::NodeName self;
  store::Replica replica;
  process::Router router;
};

struct Two {
  One a{"a@127.0.0.1", 1};
  One b{"b@127.0.0.1", 2};
  store::Now now{0, wall_ms};
  std::size_t bytes = 0;
  double turn_ms = 0;

  void connect() {
    a.router.peer_up(link_id, {b.self, 4, dist::hidden_flags}, now);
    b.router.peer_up(link_id, {a.self, 4, dist::hidden_flags}, now);
    settle();
  }
  void settle() {
    std::deque<Bytes> to_a;
    std::deque<Bytes> to_b;
    while (true) {
      gather(a, to_b);
      gather(b, to_a);
      if (to_a.empty() && to_b.empty()) return;
      deliver(a, to_a);
      deliver(b, to_b);
    }
  }
  // A round is due by then.
  void pass_a_round() {
    now.monotonic_ms += 20'000;
    now.wall_ms += 20'000;
    a.router.wake(now);
    settle();
  }
  [[nodiscard]] bool equal() const {
    return a.replica.registers().fingerprint({}) == b.replica.registers().fingerprint({});
  }

 private:
  void gather(One& from, std::deque<Bytes>& frames) {
    for (process::Action& action : testing::one_by_one(from.router.take_actions())) {
      const auto* sent = std::get_if<process::SendFrame>(&action);
      if (!sent) continue;
      Bytes message;
      sent->message.append_to(message);
      dist::encode_frame(sent->control, message, dist::hidden_flags, frames.emplace_back());
      bytes += frames.back().size();
    }
  }
  // The oldest only: what it leads to may come in between.
  void deliver(One& to, std::deque<Bytes>& frames) {
    if (frames.empty()) return;
    const double before = bench::processor_ms();
    const auto frame = dist::decode_terms(ByteView(frames.front()).subspan(7));
    if (frame) to.router.receive(link_id, *frame, now);
    turn_ms = std::max(turn_ms, bench::processor_ms() - before);
    frames.pop_front();
  }
};

store::RegisterPtr make_register(std::uint32_t number, std::uint64_t later_ms) {
  std::string text = std::to_string(number);
  text.insert(0, 16 - text.size(), 'k');
  Bytes key;
  process::append_binary(key, text);
  Bytes value;
  process::append_binary(value, text + text);
  const store::Timestamp stamp{static_cast<std::uint64_t>(wall_ms) - 1'000'000 + later_ms, 0,
                               0xfedc'ba98'7654'3210};
  return store::Register::make({key, value, stamp, store::RegisterKind::value, std::nullopt});
}

void hold(One& one, const store::RegisterPtr& reg) {
  store::Effects effects;
  one.replica.merge(0, reg->view(), {0, wall_ms}, effects);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint32_t count = argc > 1 ? bench::number(argv[1]) : 1'000'000;
  const std::uint32_t differing_count = argc > 2 ? bench::number(argv[2]) : 1'000;
  if (differing_count == 0 || count < differing_count) {
    std::fprintf(stderr, "usage: exchange_bench [REGISTERS [DIFFERING]]\n");
    return 1;
  }

  Two joining;
  for (std::uint32_t i = 0; i < count; ++i) hold(joining.a, make_register(i, 0));
  double before = bench::processor_ms();
  joining.connect();
  const double join_ms = bench::processor_ms() - before;
  double turn_ms = joining.turn_ms;

  Two& two = joining;
  std::vector<store::RegisterPtr> differing;
  for (std::uint32_t i = 0; i < differing_count; ++i) {
    // Every other one is new, the others are later versions.
    const std::uint32_t number = i % 4 < 2 ? count + i : i * (count / differing_count);
    differing.push_back(make_register(number, 1));
    hold(i % 2 == 0 ? two.a : two.b, differing.back());
  }
  const std::size_t differing_bytes = process::encode_updates(differing).size();
  two.bytes = 0;
  two.turn_ms = 0;
  before = bench::processor_ms();
  two.pass_a_round();
  const double differ_ms = bench::processor_ms() - before;
  turn_ms = std::max(turn_ms, two.turn_ms);
  const std::size_t differ_bytes = two.bytes;
  two.bytes = 0;
  std::vector<double> idle_ms;
  for (int round = 0; round < idle_rounds; ++round) {
    before = bench::processor_ms();
    two.pass_a_round();
    idle_ms.push_back(bench::processor_ms() - before);
  }
  const std::size_t idle_bytes = two.bytes / idle_rounds;
  if (!two.equal() || two.a.replica.size() != two.b.replica.size()) {
    std::fprintf(stderr, "exchange_bench: the two are not equal\n");
    return 1;
  }
  std::printf(
      "{\"registers\": %u, \"differ_ratio\": %.3f, \"differ_bytes\": %zu, \"differ_ms\": %.3f, "
      "\"join_ms\": %.3f, \"turn_ms\": %.2f, \"idle_bytes\": %zu, "
      "%s}\n",
      count, static_cast<double>(differ_bytes) / static_cast<double>(differing_bytes), differ_bytes,
      differ_ms, join_ms, turn_ms, idle_bytes, bench::samples("idle_ms", idle_ms).c_str());
  return 0;
}
