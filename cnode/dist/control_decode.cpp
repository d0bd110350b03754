#include <algorithm>
#include <array>
#include <iterator>

#include "cnode/dist/control.hpp"
#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/limits.hpp"
#include "cnode/dist/operation.hpp"
#include "ei_codec/byte_reader.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::dist {

using ei_codec::ByteReader;
using ei_codec::decode_term;
using ei_codec::ScanLimits;
using ei_codec::TermKind;
using ei_codec::TermReader;

namespace {

constexpr ScanLimits frame_limits{.max_bytes = frame_bytes_max};

// Without `ei` and its kilobyte structures: one pid stands in every message.
Pid decode_pid(ScannedTerm term) {
  TermReader atom_reader(ScannedTerm::trusted(term.bytes().subspan(1)));
  Pid pid;
  pid.node.name = atom_reader.take_any_atom().value_or("");
  const bool wide_creation = term.bytes().front() == ei_codec::tag::new_pid;
  const std::size_t numbers = wide_creation ? 12 : 9;
  ByteReader reader(term.bytes().last(numbers));
  pid.id = reader.u32();
  pid.serial = reader.u32();
  pid.creation = wide_creation ? reader.u32() : reader.u8();
  return pid;
}

// The elements of a control tuple behind its operation, one after the other, without the trace
// token. The first element of the wrong kind sticks: take all, then ask finish().
class Elements {
 public:
  // `token_at`: the token's position in the tuple, the operation's being 0; 0 when there is none.
  Elements(TermReader reader, std::size_t token_at, std::optional<ScannedTerm> payload)
      : reader_(reader), token_at_(token_at), message_(payload) {}

  Pid pid() { return has(TermKind::pid) ? decode_pid(take()) : Pid{}; }
  std::string name() {
    if (!has(TermKind::atom)) return {};
    ++position_;
    return reader_.take_any_atom().value_or("");
  }
  Target target() {
    if (at_end() || reader_.kind() != TermKind::atom) return pid();
    return Atom{name()};
  }
  Reference reference() {
    if (!has(TermKind::reference)) return {};
    const Result<Term> term = decode_term(take());
    const Reference* reference = term ? term->get_if<Reference>() : nullptr;
    if (reference != nullptr) return *reference;
    ok_ = false;
    return {};
  }
  std::uint64_t number() {
    if (!has(TermKind::integer)) return 0;
    ++position_;
    const std::optional<std::uint64_t> value = reader_.take_uint64();
    ok_ = ok_ && value.has_value();
    return value.value_or(0);
  }
  // An element that says nothing, or that the caller reads by itself; only when not at the end.
  std::optional<ScannedTerm> any() {
    if (at_end()) {
      ok_ = false;
      return std::nullopt;
    }
    return take();
  }
  // The element that is the message, where that is no payload.
  void reason() {
    if (!message_) message_ = any();
  }
  void fail() { ok_ = false; }

  // True when every element was there, of its kind, and none is left.
  bool finish() { return at_end() && ok_; }
  [[nodiscard]] std::optional<ScannedTerm> message() const { return message_; }

 private:
  bool at_end() {
    if (position_ == token_at_ && !reader_.done()) {
      reader_.take_term();
      ++position_;
    }
    return reader_.done();
  }
  bool has(TermKind kind) {
    if (at_end() || reader_.kind() != kind) ok_ = false;
    return ok_;
  }
  ScannedTerm take() {
    ++position_;
    return reader_.take_term();
  }

  TermReader reader_;
  std::size_t token_at_;
  std::size_t position_ = 1;
  std::optional<ScannedTerm> message_;
  bool ok_ = true;
};

// ---- one function for each kind of message; the evaluation order of {} is left to right ----

Control read_link(Elements& in) {
  return LinkTo{in.pid(), in.pid()};
}
Control read_send(Elements& in) {
  in.any();  // once a cookie
  return Send{std::nullopt, in.pid()};
}
Control read_send_sender(Elements& in) {
  return Send{in.pid(), in.pid()};
}
Control read_exit(Elements& in) {
  const Exit exit{in.pid(), in.pid()};
  in.reason();
  return exit;
}
Control read_unlink(Elements& in) {
  return Unlink{in.pid(), in.pid()};
}
Control read_reg_send(Elements& in) {
  RegSend message;
  message.from = in.pid();
  in.any();  // once a cookie
  message.to = in.name();
  return message;
}
Control read_group_leader(Elements& in) {
  return GroupLeader{in.pid(), in.pid()};
}
Control read_exit2(Elements& in) {
  const Exit2 exit{in.pid(), in.pid()};
  in.reason();
  return exit;
}
Control read_monitor(Elements& in) {
  return MonitorP{in.pid(), in.target(), in.reference()};
}
Control read_demonitor(Elements& in) {
  return DemonitorP{in.pid(), in.target(), in.reference()};
}
Control read_monitor_exit(Elements& in) {
  MonitorPExit exit{in.target(), in.pid(), in.reference()};
  in.reason();
  return exit;
}

// True when `option` is one that a BEAM knows and that has no meaning here.
bool is_ignorable_option(ScannedTerm option) {
  constexpr std::array<std::string_view, 8> names{
      "priority",      "fullsweep_after",    "min_heap_size", "min_bin_vheap_size",
      "max_heap_size", "message_queue_data", "async_dist",    "scheduler"};
  TermReader reader(option);
  if (reader.take_tuple() != 2u || reader.kind() != TermKind::atom) return false;
  const std::string name = reader.take_any_atom().value_or("");
  return std::ranges::find(names, name) != names.end();
}

void read_spawn_options(ScannedTerm options, SpawnRequest& request) {
  TermReader reader(options);
  if (reader.take_nil()) return;
  const std::optional<std::uint32_t> count = reader.take_list();
  if (!count) {
    request.known_options = false;
    return;
  }
  for (std::uint32_t i = 0; i < *count; ++i) {
    if (reader.take_atom("link")) {
      request.link = true;
    } else if (reader.take_atom("monitor")) {
      request.monitor = true;
    } else if (!is_ignorable_option(reader.take_term())) {
      request.known_options = false;
    }
  }
  if (!reader.take_nil()) request.known_options = false;
}

Control read_spawn_request(Elements& in) {
  SpawnRequest request;
  request.request = in.reference();
  request.from = in.pid();
  request.group_leader = in.pid();
  if (const std::optional<ScannedTerm> function = in.any()) {
    TermReader reader(*function);
    const bool is_triple = reader.take_tuple() == 3u;
    const auto module = is_triple ? reader.take_any_atom() : std::nullopt;
    const auto name = module ? reader.take_any_atom() : std::nullopt;
    const auto arity = name ? reader.take_uint64() : std::nullopt;
    if (arity && *arity <= 255) {
      request.module = *module;
      request.function = *name;
      request.arity = static_cast<std::uint32_t>(*arity);
    } else {
      in.fail();
    }
  }
  if (const std::optional<ScannedTerm> options = in.any()) read_spawn_options(*options, request);
  return request;
}

Control read_spawn_reply(Elements& in) {
  SpawnReply reply;
  reply.request = in.reference();
  reply.to = in.pid();
  const std::uint64_t flags = in.number();
  reply.linked = (flags & spawn_reply_linked) != 0;
  reply.monitored = (flags & spawn_reply_monitored) != 0;
  reply.result = in.target();
  return reply;
}

Control read_alias_send(Elements& in) {
  return AliasSend{in.pid(), in.reference()};
}

// 0 is no identifier of an unlink.
std::uint64_t read_unlink_number(Elements& in) {
  const std::uint64_t id = in.number();
  if (id == 0) in.fail();
  return id;
}
Control read_unlink_id(Elements& in) {
  return UnlinkId{read_unlink_number(in), in.pid(), in.pid()};
}
Control read_unlink_id_ack(Elements& in) {
  return UnlinkIdAck{read_unlink_number(in), in.pid(), in.pid()};
}

// What follows the control tuple.
enum class Payload : std::uint8_t { none, message };

struct Row {
  Operation operation;
  std::size_t arity;     // with the operation itself
  std::size_t token_at;  // 0: no token
  Payload payload;
  Control (*read)(Elements&);
};

constexpr Row table[] = {
    {Operation::link, 3, 0, Payload::none, read_link},
    {Operation::send, 3, 0, Payload::message, read_send},
    {Operation::exit, 4, 0, Payload::none, read_exit},
    {Operation::unlink, 3, 0, Payload::none, read_unlink},
    {Operation::reg_send, 4, 0, Payload::message, read_reg_send},
    {Operation::group_leader, 3, 0, Payload::none, read_group_leader},
    {Operation::exit2, 4, 0, Payload::none, read_exit2},
    {Operation::send_tt, 4, 3, Payload::message, read_send},
    {Operation::exit_tt, 5, 3, Payload::none, read_exit},
    {Operation::reg_send_tt, 5, 4, Payload::message, read_reg_send},
    {Operation::exit2_tt, 5, 3, Payload::none, read_exit2},
    {Operation::monitor_p, 4, 0, Payload::none, read_monitor},
    {Operation::demonitor_p, 4, 0, Payload::none, read_demonitor},
    {Operation::monitor_p_exit, 5, 0, Payload::none, read_monitor_exit},
    {Operation::send_sender, 3, 0, Payload::message, read_send_sender},
    {Operation::send_sender_tt, 4, 3, Payload::message, read_send_sender},
    {Operation::payload_exit, 3, 0, Payload::message, read_exit},
    {Operation::payload_exit_tt, 4, 3, Payload::message, read_exit},
    {Operation::payload_exit2, 3, 0, Payload::message, read_exit2},
    {Operation::payload_exit2_tt, 4, 3, Payload::message, read_exit2},
    {Operation::payload_monitor_p_exit, 4, 0, Payload::message, read_monitor_exit},
    {Operation::spawn_request, 6, 0, Payload::message, read_spawn_request},
    {Operation::spawn_request_tt, 7, 6, Payload::message, read_spawn_request},
    {Operation::spawn_reply, 5, 0, Payload::none, read_spawn_reply},
    {Operation::spawn_reply_tt, 6, 5, Payload::none, read_spawn_reply},
    {Operation::alias_send, 3, 0, Payload::message, read_alias_send},
    {Operation::alias_send_tt, 4, 3, Payload::message, read_alias_send},
    {Operation::unlink_id, 4, 0, Payload::none, read_unlink_id},
    {Operation::unlink_id_ack, 4, 0, Payload::none, read_unlink_id_ack},
};

Error bad_frame(std::string detail) {
  return Error{dist_errc::bad_frame, std::move(detail)};
}

Result<Frame> decode(ScannedTerm control, std::optional<ScannedTerm> payload) {
  TermReader reader(control);
  const std::optional<std::uint32_t> arity = reader.take_tuple();
  if (!arity || *arity == 0) return bad_frame("the control message is no tuple");
  const std::optional<std::uint64_t> number = reader.take_uint64();
  if (!number) return bad_frame("the control message has no operation");
  const auto row = std::ranges::find_if(
      table, [&](const Row& each) { return static_cast<std::uint8_t>(each.operation) == *number; });
  if (row == std::end(table)) {
    return {dist_errc::unknown_operation, "operation " + std::to_string(*number)};
  }
  const auto breach = [&](const char* what) {
    return Error{dist_errc::bad_frame, "operation " + std::to_string(*number) + what};
  };
  if (*arity != row->arity) return breach(" of the wrong size");
  if (payload.has_value() != (row->payload != Payload::none)) {
    return breach(payload ? " with a message" : " without a message");
  }

  Elements elements(reader, row->token_at, payload);
  Control decoded = row->read(elements);
  if (!elements.finish()) return breach(" with an element of the wrong kind");
  return Frame{std::move(decoded), elements.message()};
}

}  // namespace

//  112 | 131 control-tuple | [131 message]
Result<Frame> decode_frame(ByteView body) {
  if (body.empty() || body.front() != pass_through) return bad_frame("not a pass-through frame");
  const ByteView terms = body.subspan(1);
  const Result<ScannedTerm> control = ei_codec::scan_versioned_term(terms, frame_limits);
  if (!control) return control.error();

  const ByteView rest = terms.subspan(1 + control->size());
  if (rest.empty()) return decode(*control, std::nullopt);
  const Result<ScannedTerm> payload = ei_codec::scan_versioned_term(rest, frame_limits);
  if (!payload) return payload.error();
  if (1 + payload->size() != rest.size()) return bad_frame("bytes behind the message");
  return decode(*control, *payload);
}

//  control-tuple | [message]
Result<Frame> decode_terms(ByteView terms, std::shared_ptr<const MessageBuffer> buffer) {
  const Result<ScannedTerm> control = ei_codec::scan_term(terms, frame_limits);
  if (!control) return control.error();

  const ByteView rest = terms.subspan(control->size());
  if (rest.empty()) return decode(*control, std::nullopt);
  const Result<ScannedTerm> payload = ei_codec::scan_term(rest, frame_limits);
  if (!payload) return payload.error();
  if (payload->size() != rest.size()) return bad_frame("bytes behind the message");
  Result<Frame> frame = decode(*control, payload->inside(buffer.get()));
  if (frame) frame->buffer = std::move(buffer);
  return frame;
}

}  // namespace groot::dist
