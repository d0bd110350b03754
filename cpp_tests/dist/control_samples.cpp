#include "cpp_tests/dist/control_samples.hpp"

#include "ei_codec/term_encode.hpp"

namespace groot::dist::samples {

using ei_codec::atom;

Pid beam() {
  return {{"beam@host"}, 1, 0, 77};
}
Pid peer() {
  return {{"peer@localhost"}, 2, 3, 0x10203040};
}
Reference reference() {
  return {{"beam@host"}, 77, {1, 2, 3}};
}
Reference alias() {
  return {{"beam@host"}, 77, {1, 2, 3, 4, 5}};
}
Bytes hello() {
  return ei_codec::encode_term(ei_codec::tuple({atom("hello"), ei_codec::list({1, 2, 3})}));
}

Bytes boom() {
  return ei_codec::encode_term(atom("boom"));
}
Bytes noproc() {
  return ei_codec::encode_term(atom("noproc"));
}

namespace {

// The arguments of the golden spawn requests.
Bytes one_two() {
  return ei_codec::encode_term(ei_codec::list({1, 2}));
}
Bytes none() {
  return ei_codec::encode_term(ei_codec::list({}));
}

SpawnRequest spawn(bool link, bool monitor) {
  return {reference(), beam(), beam(), "erpc", "execute_call", 4, link, monitor, true};
}

std::vector<Sample> make_all() {
  const Pid from = beam();
  const Pid to = peer();
  const std::string storage = "Elixir.Groot.Storage";
  SpawnRequest odd = spawn(false, true);
  odd.known_options = false;
  return {
      {"frame_link", LinkTo{from, to}},
      {"frame_send", Send{std::nullopt, to}, hello()},
      {"frame_exit", Exit{from, to}, boom()},
      {"frame_unlink", Unlink{from, to}},
      {"frame_reg_send", RegSend{from, storage}, hello()},
      {"frame_group_leader", GroupLeader{from, to}},
      {"frame_exit2", Exit2{from, to}, boom()},
      {"frame_send_tt", Send{std::nullopt, to}, hello()},
      {"frame_exit_tt", Exit{from, to}, boom()},
      {"frame_reg_send_tt", RegSend{from, storage}, hello()},
      {"frame_exit2_tt", Exit2{from, to}, boom()},
      {"frame_monitor_p_pid", MonitorP{from, to, reference()}},
      {"frame_monitor_p_name", MonitorP{from, Atom{"net_kernel"}, alias()}},
      {"frame_demonitor_p", DemonitorP{from, Atom{"net_kernel"}, alias()}},
      {"frame_monitor_p_exit", MonitorPExit{Atom{"net_kernel"}, to, reference()}, noproc()},
      {"frame_send_sender", Send{from, to}, hello()},
      {"frame_send_sender_tt", Send{from, to}, hello()},
      {"frame_payload_exit", Exit{from, to}, boom()},
      {"frame_payload_exit_tt", Exit{from, to}, boom()},
      {"frame_payload_exit2", Exit2{from, to}, boom()},
      {"frame_payload_exit2_tt", Exit2{from, to}, boom()},
      {"frame_payload_monitor_p_exit", MonitorPExit{from, to, reference()}, noproc()},
      {"frame_spawn_request", spawn(true, true), one_two()},
      {"frame_spawn_request_tt", spawn(false, false), none()},
      {"frame_spawn_request_odd", odd, none()},
      {"frame_spawn_reply", SpawnReply{reference(), to, false, true, from}},
      {"frame_spawn_reply_error", SpawnReply{reference(), to, false, false, Atom{"notsup"}}},
      {"frame_spawn_reply_tt", SpawnReply{reference(), to, true, true, from}},
      {"frame_alias_send", AliasSend{from, alias()}, hello()},
      {"frame_alias_send_tt", AliasSend{from, alias()}, hello()},
      {"frame_unlink_id", UnlinkId{0xffffffffffffffff, from, to}},
      {"frame_unlink_id_ack", UnlinkIdAck{5, from, to}},
  };
}

bool equal(const LinkTo& a, const LinkTo& b) {
  return a.from == b.from && a.to == b.to;
}
bool equal(const Send& a, const Send& b) {
  return a.from == b.from && a.to == b.to;
}
bool equal(const Exit& a, const Exit& b) {
  return a.from == b.from && a.to == b.to;
}
bool equal(const Unlink& a, const Unlink& b) {
  return a.from == b.from && a.to == b.to;
}
bool equal(const RegSend& a, const RegSend& b) {
  return a.from == b.from && a.to == b.to;
}
bool equal(const GroupLeader& a, const GroupLeader& b) {
  return a.from == b.from && a.to == b.to;
}
bool equal(const Exit2& a, const Exit2& b) {
  return a.from == b.from && a.to == b.to;
}
bool equal(const MonitorP& a, const MonitorP& b) {
  return a.from == b.from && a.to == b.to && a.ref == b.ref;
}
bool equal(const DemonitorP& a, const DemonitorP& b) {
  return a.from == b.from && a.to == b.to && a.ref == b.ref;
}
bool equal(const MonitorPExit& a, const MonitorPExit& b) {
  return a.from == b.from && a.to == b.to && a.ref == b.ref;
}
bool equal(const SpawnRequest& a, const SpawnRequest& b) {
  return a.request == b.request && a.from == b.from && a.group_leader == b.group_leader &&
         a.module == b.module && a.function == b.function && a.arity == b.arity &&
         a.link == b.link && a.monitor == b.monitor && a.known_options == b.known_options;
}
bool equal(const SpawnReply& a, const SpawnReply& b) {
  return a.request == b.request && a.to == b.to && a.linked == b.linked &&
         a.monitored == b.monitored && a.result == b.result;
}
bool equal(const AliasSend& a, const AliasSend& b) {
  return a.from == b.from && a.to == b.to;
}
bool equal(const UnlinkId& a, const UnlinkId& b) {
  return a.id == b.id && a.from == b.from && a.to == b.to;
}
bool equal(const UnlinkIdAck& a, const UnlinkIdAck& b) {
  return a.id == b.id && a.from == b.from && a.to == b.to;
}

}  // namespace

const std::vector<Sample>& all() {
  static const std::vector<Sample> samples = make_all();
  return samples;
}

bool same(const Control& a, const Control& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&b](const auto& left) { return equal(left, std::get<std::decay_t<decltype(left)>>(b)); }, a);
}

}  // namespace groot::dist::samples
