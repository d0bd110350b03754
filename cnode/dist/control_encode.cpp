#include "cnode/dist/control.hpp"
#include "cnode/dist/operation.hpp"
#include "cnode/dist/overloaded.hpp"
#include "ei_codec/byte_writer.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_tags.hpp"

namespace groot::dist {

namespace tag = ei_codec::tag;
using ei_codec::ByteWriter;

namespace {

// Writes a control tuple element by element.
class TupleWriter {
 public:
  TupleWriter(Bytes& bytes, Operation operation, std::uint8_t arity) : out_(bytes), bytes_(bytes) {
    out_.u8(tag::small_tuple).u8(arity);
    out_.u8(tag::small_integer).u8(static_cast<std::uint8_t>(operation));
  }

  TupleWriter& atom(std::string_view name) {
    if (name.size() <= 255) {
      out_.u8(tag::small_atom_utf8).u8(static_cast<std::uint8_t>(name.size())).text(name);
    } else {
      out_.u8(tag::atom_utf8).u16(static_cast<std::uint16_t>(name.size())).text(name);
    }
    return *this;
  }
  TupleWriter& pid(const Pid& pid) {
    out_.u8(tag::new_pid);
    atom(pid.node.name);
    out_.u32(pid.id).u32(pid.serial).u32(pid.creation);
    return *this;
  }
  TupleWriter& target(const Target& target) {
    if (const auto* process = std::get_if<Pid>(&target)) return pid(*process);
    return atom(std::get_if<Atom>(&target)->name);
  }
  TupleWriter& reference(const Reference& reference) { return term(reference); }
  TupleWriter& term(const Term& term) {
    ei_codec::encode_term(term, bytes_);
    return *this;
  }

 private:
  ByteWriter out_;
  Bytes& bytes_;
};

void write_spawn_request(const SpawnRequest& request, Bytes& out) {
  std::vector<Term> options;
  if (request.link) options.push_back(ei_codec::atom("link"));
  if (request.monitor) options.push_back(ei_codec::atom("monitor"));
  TupleWriter(out, Operation::spawn_request, 6)
      .reference(request.request)
      .pid(request.from)
      .pid(request.group_leader)
      .term(ei_codec::tuple({ei_codec::atom(request.module), ei_codec::atom(request.function),
                             Term(std::int64_t{request.arity})}))
      .term(ei_codec::list(std::move(options)));
}

void write_spawn_reply(const SpawnReply& reply, Bytes& out) {
  const std::int64_t flags =
      (reply.linked ? spawn_reply_linked : 0u) | (reply.monitored ? spawn_reply_monitored : 0u);
  TupleWriter(out, Operation::spawn_reply, 5)
      .reference(reply.request)
      .pid(reply.to)
      .term(Term(flags))
      .target(reply.result);
}

}  // namespace

MessagePlace encode_control(const Control& control, Flags negotiated, Bytes& out) {
  const bool payload = negotiated.has(Flag::exit_payload);
  const auto arity = [&](std::uint8_t elements) {
    return static_cast<std::uint8_t>(payload ? elements : elements + 1);
  };
  const MessagePlace reason_place = payload ? MessagePlace::payload : MessagePlace::in_tuple;
  return std::visit(
      overloaded{
          [&](const LinkTo& m) {
            TupleWriter(out, Operation::link, 3).pid(m.from).pid(m.to);
            return MessagePlace::none;
          },
          [&](const Send& m) {
            if (m.from && negotiated.has(Flag::send_sender)) {
              TupleWriter(out, Operation::send_sender, 3).pid(*m.from).pid(m.to);
            } else {
              TupleWriter(out, Operation::send, 3).atom("").pid(m.to);
            }
            return MessagePlace::payload;
          },
          [&](const Exit& m) {
            TupleWriter(out, payload ? Operation::payload_exit : Operation::exit, arity(3))
                .pid(m.from)
                .pid(m.to);
            return reason_place;
          },
          [&](const Unlink& m) {
            TupleWriter(out, Operation::unlink, 3).pid(m.from).pid(m.to);
            return MessagePlace::none;
          },
          [&](const RegSend& m) {
            TupleWriter(out, Operation::reg_send, 4).pid(m.from).atom("").atom(m.to);
            return MessagePlace::payload;
          },
          [&](const GroupLeader& m) {
            TupleWriter(out, Operation::group_leader, 3).pid(m.from).pid(m.to);
            return MessagePlace::none;
          },
          [&](const Exit2& m) {
            TupleWriter(out, payload ? Operation::payload_exit2 : Operation::exit2, arity(3))
                .pid(m.from)
                .pid(m.to);
            return reason_place;
          },
          [&](const MonitorP& m) {
            TupleWriter(out, Operation::monitor_p, 4).pid(m.from).target(m.to).reference(m.ref);
            return MessagePlace::none;
          },
          [&](const DemonitorP& m) {
            TupleWriter(out, Operation::demonitor_p, 4).pid(m.from).target(m.to).reference(m.ref);
            return MessagePlace::none;
          },
          [&](const MonitorPExit& m) {
            const Operation operation =
                payload ? Operation::payload_monitor_p_exit : Operation::monitor_p_exit;
            TupleWriter(out, operation, arity(4)).target(m.from).pid(m.to).reference(m.ref);
            return reason_place;
          },
          [&](const SpawnRequest& m) {
            write_spawn_request(m, out);
            return MessagePlace::payload;
          },
          [&](const SpawnReply& m) {
            write_spawn_reply(m, out);
            return MessagePlace::none;
          },
          [&](const AliasSend& m) {
            TupleWriter(out, Operation::alias_send, 3).pid(m.from).reference(m.to);
            return MessagePlace::payload;
          },
          [&](const UnlinkId& m) {
            TupleWriter(out, Operation::unlink_id, 4)
                .term(ei_codec::unsigned_integer(m.id))
                .pid(m.from)
                .pid(m.to);
            return MessagePlace::none;
          },
          [&](const UnlinkIdAck& m) {
            TupleWriter(out, Operation::unlink_id_ack, 4)
                .term(ei_codec::unsigned_integer(m.id))
                .pid(m.from)
                .pid(m.to);
            return MessagePlace::none;
          },
      },
      control);
}

void encode_frame(const Control& control, ByteView message, Flags negotiated, Bytes& out) {
  encode_frame_head(control, message.size(), negotiated, out);
  out.insert(out.end(), message.begin(), message.end());
}

//  length:u32 | 112 | 131 control-tuple | [131 message]
//  length:u32 | 131 | 68 | 0:u8 | control-tuple | [message]
void encode_frame_head(const Control& control, std::size_t message_size, Flags negotiated,
                       Bytes& out) {
  const std::size_t start = out.size();
  const bool header = negotiated.has(Flag::fragments);
  if (header) {
    ByteWriter(out).u32(0).u8(tag::version).u8(whole_message).u8(0);
  } else {
    ByteWriter(out).u32(0).u8(pass_through).u8(tag::version);
  }
  const MessagePlace place = encode_control(control, negotiated, out);
  invariant((place == MessagePlace::none) == (message_size == 0),
            "a control message has a message exactly when its operation does");
  if (place == MessagePlace::payload && !header) out.push_back(tag::version);
  const std::size_t length = out.size() - start - 4 + message_size;
  invariant(length <= UINT32_MAX, "a frame's length has 32 bits");
  ei_codec::store_u32(static_cast<std::uint32_t>(length), out.data() + start);
}

}  // namespace groot::dist
