// sys: get_state and get_status of the processes of this node (OTP's sys.erl).
//
//   get_state   → {ok, State}, or State before OTP 26.1: the asking node is asked what it runs
//   get_status  → {status, Pid, {module, gen_server}, [PDict, running, Parent, Debug, Misc]}; the
//                 storage's Misc says how changes are saved, where they are
//
//   terminate   → what GenServer.stop asks for: the caller exits with {not_supported, Text}
//
// Everything else sys can ask for (suspend, install, replace_state …) would stop or change a
// process that this node cannot do without: it is refused with {error, _}, and so is terminate of
// whoever calls without an alias.
#pragma once

#include <string_view>

#include "cnode/process/gen_message.hpp"
#include "cnode/process/requests.hpp"

namespace groot::process {

class ServedProcess;

// False: the request was refused. `process` must outlive `requests`' answers.
bool answer_system_message(Outbox& outbox, Requests& requests, const ServedProcess& process,
                           const SystemMessage& message, const Now& now);

// Whether sys:get_state of a node with this version of ERTS ("14.1", "13.2.2.5") wants {ok, State}.
// A version that cannot be read is taken for a new one.
[[nodiscard]] bool wants_wrapped_state(std::string_view erts_version);

}  // namespace groot::process
