// Why a message was not understood, a request refused, or a question to a peer left unanswered.
#pragma once

#include <system_error>

namespace groot::process {

enum class process_errc {
  bad_register = 1,  // not #{key => _, value => _, hlc => _} within the store's limits
  bad_timestamp,     // not a %HLClock.Timestamp{} of 48, 16 and 64 bits
  bad_request,       // a request of a known name with arguments of a wrong shape
  unknown_request,   // a request that the process does not know
  request_timeout,   // the peer did not answer in time
  peer_gone,         // the link ended before the answer
  no_process,        // nothing is registered under the name at the peer
  call_failed,       // the remote function raised, threw, exited, or was not let run
  not_saved,         // a write is in memory and on its way to the peers, but not in the file
  bad_exchange,      // not a message by which nodes of ours compare what they hold
  cannot_be_asked,   // the peer does not understand questions
};

[[nodiscard]] const std::error_category& process_category();
[[nodiscard]] std::error_code make_error_code(process_errc code);

}  // namespace groot::process

template <>
struct std::is_error_code_enum<groot::process::process_errc> : std::true_type {};
