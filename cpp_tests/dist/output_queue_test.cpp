#include "cnode/dist/output_queue.hpp"

#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/fragment_reader.hpp"
#include "cnode/dist/frame_reader.hpp"
#include "cnode/dist/limits.hpp"
#include "cpp_tests/dist/control_samples.hpp"
#include "cpp_tests/dist/network.hpp"
#include "cpp_tests/dist/wire.hpp"
#include "ei_codec/term_encode.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

namespace {

using Log = std::vector<std::string>;

Pid process(std::uint32_t id) {
  Pid pid = samples::beam();
  pid.id = id;
  return pid;
}

SharedBytes binary(std::size_t size) {
  return std::make_shared<const Bytes>(
      ei_codec::encode_term(ei_codec::binary(std::string(size, 'x'))));
}
SharedBytes small() {
  return binary(10);
}
SharedBytes large(std::size_t fragments = 3) {
  return binary(fragments * fragment_bytes - 1'000);
}

// The names to which messages come out, in their order, taken so many bytes of fragments at once.
Log arrivals(OutputQueue& queue, std::size_t at_once = 1) {
  FrameReader frames(4, frame_bytes_max);
  FragmentReader fragments;
  Log names;
  while (!queue.empty()) {
    const Bytes stream = joined(queue.take(at_once));
    frames.feed(stream);
    while (true) {
      const auto body = frames.next();
      REQUIRE(body);
      if (!body->has_value()) break;
      if ((*body)->empty()) {
        names.emplace_back("tick");
        continue;
      }
      const auto terms = fragments.read(**body);
      REQUIRE(terms);
      if (!terms->has_value()) continue;
      const auto frame = decode_terms((*terms)->bytes);
      REQUIRE(frame);
      const auto* to_name = std::get_if<RegSend>(&frame->control);
      names.push_back(to_name != nullptr ? to_name->to : to_text(frame->control));
    }
  }
  CHECK(fragments.unfinished() == 0);
  return names;
}

void send(OutputQueue& queue, std::uint32_t from, const std::string& name,
          const SharedMessage& message) {
  queue.send(RegSend{process(from), name}, message, hidden_flags);
}

}  // namespace

TEST_CASE("what others say goes ahead of a large message, what its sender says stays behind it") {
  OutputQueue queue;
  send(queue, 1, "large", large());
  send(queue, 1, "behind", small());
  send(queue, 2, "ahead", small());
  queue.send(LinkTo{process(1), samples::peer()}, nullptr, hidden_flags);
  queue.append(Bytes{0, 0, 0, 0});
  CHECK(arrivals(queue) ==
        Log{"ahead", "tick", "large", "behind", to_text(LinkTo{process(1), samples::peer()})});
}

TEST_CASE("a broadcast waits behind a large message of its process, as any message does") {
  OutputQueue queue;
  const Control control = RegSend{process(1), "behind"};
  const Control of_another = RegSend{process(2), "ahead"};
  send(queue, 1, "large", large());
  for (const Control* each : {&control, &of_another}) {
    Broadcast broadcast(*each, small());
    queue.send(broadcast, hidden_flags);
  }
  CHECK(arrivals(queue) == Log{"ahead", "large", "behind"});
}

TEST_CASE("large messages of several processes take turns") {
  OutputQueue queue;
  send(queue, 1, "three", large(3));
  send(queue, 2, "two", large(2));
  send(queue, 3, "four", large(4));
  send(queue, 1, "three again", large(3));
  CHECK(arrivals(queue) == Log{"two", "three", "four", "three again"});
}

TEST_CASE("the messages of each process keep their order whatever they are") {
  OutputQueue queue;
  Log expected[3];
  std::uint32_t random = 1;
  for (int i = 0; i < 300; ++i) {
    random = random * 1'664'525 + 1'013'904'223;
    const std::uint32_t sender = random >> 16 & 1;
    const std::uint32_t kind = random >> 20 & 3;
    const std::string name = std::to_string(sender) + "/" + std::to_string(i);
    expected[sender].push_back(name);
    send(queue, sender, name,
         kind == 0   ? large(1 + (random >> 24 & 3))
         : kind == 1 ? binary(copied_message_bytes_max + 1'000)
                     : small());
    if (i % 10 == 0) {
      for (const std::string& each : arrivals(queue)) {
        Log& own = expected[each[0] - '0'];
        REQUIRE_FALSE(own.empty());
        CHECK(own.front() == each);
        own.erase(own.begin());
      }
    }
  }
  (void)arrivals(queue);
}

TEST_CASE("the announcement of a new process comes before what that process says") {
  OutputQueue queue;
  send(queue, 7, "large", large());
  queue.send(SpawnReply{samples::reference(), samples::peer(), false, true, process(7)}, nullptr,
             hidden_flags);
  queue.send(SpawnReply{samples::reference(), samples::peer(), false, false, Atom{"notsup"}},
             nullptr, hidden_flags);
  queue.send(MonitorPExit{process(7), samples::peer(), samples::reference()}, large(),
             hidden_flags);
  const Log seen = arrivals(queue);
  REQUIRE(seen.size() == 4);
  CHECK(seen[0].starts_with("SPAWN_REPLY"));
  CHECK(seen[1] == "large");
  CHECK(seen[2].starts_with("SPAWN_REPLY"));
  CHECK(seen[3].starts_with("MONITOR_P_EXIT"));
}

TEST_CASE("what is taken at once is about as much as was asked for") {
  OutputQueue queue;
  send(queue, 1, "large", large(11));
  send(queue, 2, "large", large(11));  // of which the last ones are smaller
  for (int i = 0; i < 5; ++i) {
    const std::size_t bytes = joined(queue.take(fragments_at_once_bytes)).size();
    CHECK(bytes >= fragments_at_once_bytes);
    CHECK(bytes < fragments_at_once_bytes + fragment_bytes);
  }
  CHECK(joined(queue.take(fragments_at_once_bytes)).size() < fragments_at_once_bytes);
  CHECK(queue.empty());
}

TEST_CASE("a message is cut when control tuple and message together are over one fragment") {
  Bytes tuple;
  encode_control(RegSend{process(1), "name"}, hidden_flags, tuple);
  for (const bool over : {false, true}) {
    CAPTURE(over);
    OutputQueue queue;
    const auto message =
        std::make_shared<const Bytes>(fragment_bytes - tuple.size() + (over ? 1 : 0), 0);
    const std::size_t added = queue.send(RegSend{process(1), "name"}, message, hidden_flags);
    const Bytes bytes = joined(queue.take(1));
    CHECK(queue.empty() != over);
    CHECK(bytes[5] == (over ? 69 : 68));
    CHECK(bytes.size() + joined(queue.take(1)).size() == added);
  }
}

TEST_CASE("a reason inside the control tuple is not cut off it") {
  const Flags flags(hidden_flags.bits() & ~static_cast<std::uint64_t>(Flag::exit_payload));
  OutputQueue queue;
  const Bytes reason =
      ei_codec::encode_term(ei_codec::binary(std::string(2 * fragment_bytes, 'x')));
  queue.send(Exit{process(1), samples::peer()}, std::make_shared<const Bytes>(reason), flags);
  const Bytes bytes = joined(queue.take(1));
  CHECK(queue.empty());
  CHECK(bytes[5] == 68);
  const auto frame = decode_terms(ByteView(bytes).subspan(7));
  REQUIRE(frame);
  REQUIRE(frame->message);
  CHECK(ei_codec::same_bytes(frame->message->bytes(), reason));
}

TEST_CASE("clear forgets what has begun, too") {
  OutputQueue queue;
  send(queue, 1, "large", large());
  (void)queue.take(1);
  queue.clear();
  CHECK(queue.empty());
  CHECK(queue.take(1).empty());
  send(queue, 1, "small", small());
  CHECK(arrivals(queue) == Log{"small"});
}
