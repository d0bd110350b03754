// What the distribution layer accepts and keeps, and why. Each bound is tested just below and just
// above.
#pragma once

#include <cstddef>
#include <cstdint>

namespace groot::dist {

// One message from a peer, in one frame or in fragments, and all unfinished ones of a link
// together. The largest value is 512 MiB, but a stock Groot node sends its whole state as one
// message. Memory is taken as bytes arrive, never on the claim of a length, and only from peers
// that have proved the cookie.
inline constexpr std::size_t frame_bytes_max = std::size_t{1} << 30;

// Messages of one link that have begun in fragments and are not whole yet. Each process of a BEAM
// may have one under way, and a busy link leaves many of them half sent. An entry costs some 200
// bytes beside what arrived.
inline constexpr std::size_t sequences_max = 16'384;

// What one fragment holds of its message: as much as a BEAM's. A frame that is under way cannot be
// overtaken, and a BEAM counts whole frames when it asks whether we still live.
inline constexpr std::size_t fragment_bytes = 65'536;

// Fragments handed to the socket at once: what a small message, or a tick, has to wait for.
inline constexpr std::size_t fragments_at_once_bytes = 4 * fragment_bytes;

// What a frame's buffer may keep between frames. More is given back, so that one large message does
// not cost its size for as long as the link lives.
inline constexpr std::size_t kept_buffer_bytes_max = std::size_t{1} << 20;

// One handshake message. The longest has 19 fixed bytes and a node name of 255 characters; what
// follows the name is to be ignored, so some room is left for it.
inline constexpr std::size_t handshake_message_bytes_max = 2'048;

// A node name is an atom.
inline constexpr std::size_t node_name_bytes_max = 255;

// How long a peer may take for each step of the handshake: net_setuptime's default.
inline constexpr std::int64_t handshake_timeout_ms = 7'000;

// Accepted connections that have not proved the cookie yet. One more, and the oldest of those that
// have not even said a name is dropped: whoever connects last gets its chance, so idle connections
// keep no peer out.
inline constexpr std::size_t pending_handshakes_max = 1'024;

// Queued for one peer and not yet written. Above the largest message we send and several seconds of
// full speed; a peer that far behind is better served by a fresh connection. Where larger values
// are allowed it is as many of them as here of the 64 MiB that are the default.
inline constexpr std::size_t backlog_bytes_max_default = std::size_t{256} << 20;
inline constexpr std::size_t backlog_values_max = 4;

// A link has room for more while it has no more than this to write: enough to keep it busy until
// the next is made.
inline constexpr std::size_t room_backlog_bytes_max = std::size_t{1} << 20;

// A message up to this size is copied behind its frame's head, and such frames share a chunk up to
// output_chunk_bytes: fewer, larger writes. A longer message is written from where it is.
inline constexpr std::size_t copied_message_bytes_max = 4'096;
inline constexpr std::size_t output_chunk_bytes = 65'536;

// Time from a lost or failed connection to the next dial: doubles from the first to the last. A
// peer that is back is found within `soon`, or within a tenth of the time that it was away, which
// is what users are promised. One that nobody here was ever linked with is promised nothing.
inline constexpr std::int64_t redial_first_ms = 500;
inline constexpr std::int64_t redial_soon_ms = 5'000;
inline constexpr std::int64_t redial_away_share = 10;
inline constexpr std::int64_t redial_last_ms = 120'000;
// The same after a refusal that only a person can mend: each dial makes the other node log an
// error. The first is what is promised of a cookie that is set back soon.
inline constexpr std::int64_t refused_first_ms = redial_soon_ms;
inline constexpr std::int64_t refused_last_ms = 300'000;
// A kept peer that was disconnected on request is left alone for so long: whoever cuts a cluster in
// two, link by link and cookie by cookie, is done by then.
inline constexpr std::int64_t disconnect_pause_ms = redial_soon_ms;

// Dials and handshakes of ours under way; each holds a descriptor, for seconds where nobody
// answers. What is asked for may take all of them, a first try those below the second bound, and
// what has failed before those below the third: so what can be reached does not wait for what
// cannot.
inline constexpr std::size_t dials_max = 64;
inline constexpr std::size_t dials_first_max = 56;
inline constexpr std::size_t dials_again_max = 40;

}  // namespace groot::dist
