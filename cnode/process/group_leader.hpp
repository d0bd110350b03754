// The process to which spawned processes of peers send their output.
#pragma once

#include "cnode/process/outbox.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot::process {

// {io_request, From, ReplyAs, Request} → {io_reply, ReplyAs, ok}: output is dropped, but whoever
// prints must not wait for ever.
void answer_io_request(Outbox& outbox, LinkId link, ei_codec::ScannedTerm message);

}  // namespace groot::process
