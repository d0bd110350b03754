#include <doctest/doctest.h>

#include "cnode/dist/control.hpp"
#include "cnode/dist/operation.hpp"
#include "cpp_tests/dist/control_samples.hpp"
#include "cpp_tests/dist/golden_file.hpp"

using namespace groot;
using namespace groot::dist;

namespace {

constexpr Flags without(Flags flags, Flag flag) {
  return Flags(flags.bits() & ~static_cast<std::uint64_t>(flag));
}
constexpr Flags all_flags = without(hidden_flags, Flag::fragments);
constexpr Flags few_flags = without(without(all_flags, Flag::exit_payload), Flag::send_sender);

Bytes encoded(const Control& control, const Bytes& message, Flags flags) {
  Bytes frame{0xee};  // what stands before is left alone
  encode_frame(control, message, flags, frame);
  CHECK(frame[0] == 0xee);
  const std::size_t length = std::size_t{frame[1]} << 24 | std::size_t{frame[2]} << 16 |
                             std::size_t{frame[3]} << 8 | frame[4];
  CHECK(length == frame.size() - 5);
  return {frame.begin() + 5, frame.end()};
}

void check_golden(const char* name, const Control& control, const Bytes& message, Flags flags) {
  CAPTURE(name);
  CHECK(encoded(control, message, flags) == golden::bytes(name));

  // The head alone, with the message written behind it, is the same frame.
  if (message.empty()) return;
  Bytes whole;
  encode_frame(control, message, flags, whole);
  Bytes head;
  encode_frame_head(control, message.size(), flags, head);
  head.insert(head.end(), message.begin(), message.end());
  CHECK(head == whole);
}

}  // namespace

TEST_CASE("every operation is encoded as OTP encodes it") {
  const Pid from = samples::beam();
  const Pid to = samples::peer();
  const Bytes hello = samples::hello();
  const Bytes boom = samples::boom();
  const Bytes noproc = samples::noproc();
  const Reference ref = samples::reference();
  const Atom net_kernel{"net_kernel"};

  check_golden("frame_link", LinkTo{from, to}, {}, all_flags);
  check_golden("frame_unlink", Unlink{from, to}, {}, all_flags);
  check_golden("frame_group_leader", GroupLeader{from, to}, {}, all_flags);
  check_golden("frame_reg_send", RegSend{from, "Elixir.Groot.Storage"}, hello, all_flags);
  check_golden("frame_monitor_p_pid", MonitorP{from, to, ref}, {}, all_flags);
  check_golden("frame_monitor_p_name", MonitorP{from, net_kernel, samples::alias()}, {}, all_flags);
  check_golden("frame_demonitor_p", DemonitorP{from, net_kernel, samples::alias()}, {}, all_flags);
  check_golden("frame_spawn_reply", SpawnReply{ref, to, false, true, from}, {}, all_flags);
  check_golden("frame_spawn_reply_error", SpawnReply{ref, to, false, false, Atom{"notsup"}}, {},
               all_flags);
  check_golden("frame_alias_send", AliasSend{from, samples::alias()}, hello, all_flags);
  check_golden("frame_unlink_id", UnlinkId{0xffffffffffffffff, from, to}, {}, all_flags);
  check_golden("frame_unlink_id_ack", UnlinkIdAck{5, from, to}, {}, all_flags);

  check_golden("frame_send_sender", Send{from, to}, hello, all_flags);
  check_golden("frame_send", Send{from, to}, hello, few_flags);
  check_golden("frame_send", Send{std::nullopt, to}, hello, all_flags);
  check_golden("frame_payload_exit", Exit{from, to}, boom, all_flags);
  check_golden("frame_exit", Exit{from, to}, boom, few_flags);
  check_golden("frame_payload_exit2", Exit2{from, to}, boom, all_flags);
  check_golden("frame_exit2", Exit2{from, to}, boom, few_flags);
  check_golden("frame_payload_monitor_p_exit", MonitorPExit{from, to, ref}, noproc, all_flags);
  check_golden("frame_monitor_p_exit", MonitorPExit{net_kernel, to, ref}, noproc, few_flags);
}

TEST_CASE("what is encoded decodes to the same message") {
  for (const Flags flags : {all_flags, few_flags}) {
    for (const samples::Sample& sample : samples::all()) {
      const auto* spawn = std::get_if<SpawnRequest>(&sample.control);
      if (spawn != nullptr && !spawn->known_options) continue;
      const auto* send = std::get_if<Send>(&sample.control);
      if (send != nullptr && send->from && !flags.has(Flag::send_sender)) continue;
      CAPTURE(sample.frame);
      const Bytes message = sample.message.value_or(Bytes());
      const Bytes body = encoded(sample.control, message, flags);
      const auto frame = decode_frame(body);
      REQUIRE(frame);
      CHECK(samples::same(frame->control, sample.control));
      REQUIRE(frame->message.has_value() == sample.message.has_value());
      if (sample.message) CHECK(ei_codec::same_bytes(frame->message->bytes(), message));
    }
  }
}

TEST_CASE("with FRAGMENTS a distribution header stands in place of the version bytes") {
  for (const samples::Sample& sample : samples::all()) {
    const auto* spawn = std::get_if<SpawnRequest>(&sample.control);
    if (spawn != nullptr && !spawn->known_options) continue;
    CAPTURE(sample.frame);
    const Bytes message = sample.message.value_or(Bytes());
    const Bytes plain = encoded(sample.control, message, all_flags);
    const Bytes body = encoded(sample.control, message, hidden_flags);
    CHECK(Bytes(body.begin(), body.begin() + 3) == Bytes{131, whole_message, 0});
    Bytes terms(body.begin() + 3, body.end());
    const auto frame = decode_terms(terms);
    REQUIRE(frame);
    CHECK(samples::same(frame->control, decode_frame(plain)->control));
    REQUIRE(frame->message.has_value() == sample.message.has_value());
    if (sample.message) CHECK(ei_codec::same_bytes(frame->message->bytes(), message));
    for (std::size_t size = 0; size < terms.size(); ++size) {
      CHECK_FALSE(decode_terms(ByteView(terms).first(size)));
    }
    terms.push_back(106);
    CHECK_FALSE(decode_terms(terms));
  }
}

TEST_CASE("a name of more than 255 bytes takes the long form") {
  std::string name;
  for (int i = 0; i < 200; ++i) name += "\xc3\xa4";
  const Bytes body = encoded(RegSend{samples::beam(), name}, samples::hello(), all_flags);
  CHECK(std::get<RegSend>(decode_frame(body)->control).to == name);
}
