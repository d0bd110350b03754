// Why a link could not be made or was given up. Every one is logged once, with the peer.
#pragma once

#include <system_error>

namespace groot::dist {

enum class dist_errc {
  bad_node_name = 1,
  bad_handshake,        // a handshake message that breaks the protocol
  handshake_timeout,    // the peer did not answer within the set-up time
  wrong_cookie,         // the peer could not prove that it knows our cookie
  refused_cookie,       // the peer closed after our proof: it has another cookie
  reflected_challenge,  // the peer sent us a challenge of our own: it has us prove its cookie
  missing_flags,        // the peer lacks mandatory distribution flags
  not_allowed,          // the peer refused us: status not_allowed
  nok,                  // simultaneous connect: the peer's own attempt wins
  not_wanted,           // the peer has a link to us and keeps it
  wrong_name,           // who answered is not who was dialled
  frame_too_large,      // a frame, or all unfinished fragments, over frame_bytes_max
  sequences_full,       // more messages begun in fragments than sequences_max
  bad_frame,            // a frame that is not what our flags allow
  unknown_operation,    // a control message we did not advertise
  tick_timeout,         // nothing received for the tick time
  peer_closed,          // the connection ended
  backlog_full,         // the peer does not read: its output queue is over the limit
  replaced,             // a newer connection of the same node took this one's place
  requested,            // our user or our node asked for it
  stopping,             // this node is shutting down
  connect_failed,       // the peer's host or port could not be reached
  not_registered,       // the peer's epmd does not know the name
  bad_epmd_reply,
  name_taken,  // our own name is registered by another node
};

[[nodiscard]] const std::error_category& dist_category();
[[nodiscard]] std::error_code make_error_code(dist_errc code);

}  // namespace groot::dist

template <>
struct std::is_error_code_enum<groot::dist::dist_errc> : std::true_type {};
