// sys: get_state and get_status of the processes of this node (OTP's sys.erl).
//
//   get_state   → State
//   get_status  → {status, Pid, {module, gen_server}, [PDict, running, Parent, Debug, Misc]}
//
// Everything else sys can ask for (suspend, terminate, install, replace_state …) would stop or
// change a process that this node cannot do without: it is refused with {error, _}.
#pragma once

#include "cnode/process/gen_message.hpp"

namespace groot::process {

class ServedProcess;

// False: the request was refused.
bool answer_system_message(Outbox& outbox, const ServedProcess& process,
                           const SystemMessage& message);

}  // namespace groot::process
