// The numbers of the control messages (distribution.md section 5; OTP's dist.h). Frozen: they are
// on the wire. The _tt twins carry a trace token.
#pragma once

#include <cstddef>
#include <cstdint>

namespace groot::dist {

enum class Operation : std::uint8_t {
  link = 1,
  send = 2,
  exit = 3,
  unlink = 4,
  reg_send = 6,
  group_leader = 7,
  exit2 = 8,
  send_tt = 12,
  exit_tt = 13,
  reg_send_tt = 16,
  exit2_tt = 18,
  monitor_p = 19,
  demonitor_p = 20,
  monitor_p_exit = 21,
  send_sender = 22,
  send_sender_tt = 23,
  payload_exit = 24,
  payload_exit_tt = 25,
  payload_exit2 = 26,
  payload_exit2_tt = 27,
  payload_monitor_p_exit = 28,
  spawn_request = 29,
  spawn_request_tt = 30,
  spawn_reply = 31,
  spawn_reply_tt = 32,
  alias_send = 33,
  alias_send_tt = 34,
  unlink_id = 35,
  unlink_id_ack = 36,
};

// Of the length before a frame, once the handshake is over.
inline constexpr std::size_t frame_length_bytes = 4;
// The first byte of a frame where no distribution header is negotiated.
inline constexpr std::uint8_t pass_through = 112;

// The second byte of a frame where it is, behind 131: a whole message, the first fragment of one,
// and a further fragment.
inline constexpr std::uint8_t whole_message = 68;
inline constexpr std::uint8_t first_fragment = 69;
inline constexpr std::uint8_t next_fragment = 70;

// Bits of SPAWN_REPLY's flags.
inline constexpr std::uint32_t spawn_reply_linked = 1;
inline constexpr std::uint32_t spawn_reply_monitored = 2;

}  // namespace groot::dist
