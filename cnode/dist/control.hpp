// Control messages: the tuple at the head of every frame (distribution.md section 5).
//
// The _TT twins of an operation carry a trace token; decode takes it off, so each operation is one
// struct here. EXIT, EXIT2 and MONITOR_P_EXIT carry their reason inside the tuple or, with
// EXIT_PAYLOAD, as the payload: here it is their message, still encoded. That of a server that
// crashed holds the server's whole state.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "cnode/dist/flags.hpp"
#include "ei_codec/bytes.hpp"
#include "ei_codec/message_buffer.hpp"
#include "ei_codec/result.hpp"
#include "ei_codec/term.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot::dist {

using ei_codec::Atom;
using ei_codec::Bytes;
using ei_codec::ByteView;
using ei_codec::MessageBuffer;
using ei_codec::Pid;
using ei_codec::Reference;
using ei_codec::ScannedTerm;
using ei_codec::SharedBytes;
using ei_codec::Term;

// A process, or the name it is registered under.
using Target = std::variant<Pid, Atom>;

// Operation 1.
struct LinkTo {
  Pid from;
  Pid to;
};
// Operations 2 and 22 (+ message).
struct Send {
  std::optional<Pid> from;
  Pid to;
};
// Operations 3 and 24 (+ reason).
struct Exit {
  Pid from;
  Pid to;
};
// Operation 4: only OTP 25 without UNLINK_ID sends it.
struct Unlink {
  Pid from;
  Pid to;
};
// Operation 6 (+ message).
struct RegSend {
  Pid from;
  std::string to;
};
// Operation 7.
struct GroupLeader {
  Pid from;
  Pid to;
};
// Operations 8 and 26 (+ reason).
struct Exit2 {
  Pid from;
  Pid to;
};
// Operation 19.
struct MonitorP {
  Pid from;
  Target to;
  Reference ref;
};
// Operation 20.
struct DemonitorP {
  Pid from;
  Target to;
  Reference ref;
};
// Operations 21 and 28 (+ reason).
struct MonitorPExit {
  Target from;
  Pid to;
  Reference ref;
};
// Operation 29 (+ argument list).
struct SpawnRequest {
  Reference request;
  Pid from;
  Pid group_leader;
  std::string module;
  std::string function;
  std::uint32_t arity = 0;
  bool link = false;
  bool monitor = false;
  bool known_options = true;  // false: an option list we do not understand; answer badopt
};
// Operation 31.
struct SpawnReply {
  Reference request;
  Pid to;
  bool linked = false;
  bool monitored = false;
  Target result;  // the new process, or why there is none
};
// Operation 33 (+ message).
struct AliasSend {
  Pid from;
  Reference to;
};
// Operation 35.
struct UnlinkId {
  std::uint64_t id = 0;
  Pid from;
  Pid to;
};
// Operation 36.
struct UnlinkIdAck {
  std::uint64_t id = 0;
  Pid from;
  Pid to;
};

using Control =
    std::variant<LinkTo, Send, Exit, Unlink, RegSend, GroupLeader, Exit2, MonitorP, DemonitorP,
                 MonitorPExit, SpawnRequest, SpawnReply, AliasSend, UnlinkId, UnlinkIdAck>;

// What one message of a peer holds. `message` is set for send, reg_send, alias_send (the message),
// spawn_request (the argument list), exit, exit2 and monitor_p_exit (the reason, wherever it
// travelled), and views the bytes given to the decoder.
struct Frame {
  Control control;
  std::optional<ScannedTerm> message;
  // The memory of a message that came in fragments; others lie in a buffer of the link.
  std::shared_ptr<const MessageBuffer> buffer = nullptr;
};

// A frame's body behind its length where no distribution header is negotiated:
// 112 131 Control [131 Message]. Errors of both: dist_errc, codec_errc.
[[nodiscard]] Result<Frame> decode_frame(ByteView body);
// What stands behind a distribution header, or in all fragments together: Control [Message].
// `buffer` is what they lie in, when that can be kept.
[[nodiscard]] Result<Frame> decode_terms(ByteView terms,
                                         std::shared_ptr<const MessageBuffer> buffer = nullptr);

// Appends a whole frame: length, then as decode_frame reads it or, where the link's negotiated
// flags hold FRAGMENTS, 131 68 0 Control [Message]. The message is term bytes without 131. Chooses
// the operation by the flags, too.
void encode_frame(const Control& control, ByteView message, Flags negotiated, Bytes& out);
// As above, but leaves the message to be written behind it: its size is counted in the length.
void encode_frame_head(const Control& control, std::size_t message_size, Flags negotiated,
                       Bytes& out);

// Where the message of a control message goes.
enum class MessagePlace : std::uint8_t {
  none,
  payload,   // a term of its own, behind the tuple
  in_tuple,  // the tuple's last element
};
// Appends the control tuple alone; of one with its message inside, all but that.
MessagePlace encode_control(const Control& control, Flags negotiated, Bytes& out);

// "REG_SEND to 'Elixir.Groot.Storage'", for logs.
[[nodiscard]] std::string to_text(const Control& control);

}  // namespace groot::dist
