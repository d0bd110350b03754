// 'global_name_server' of a polite node (distribution.md 7.4): where a BEAM sees this node as
// visible, it wants to exchange global names, and global:sync() waits until told that there are
// none. The name counts as not registered: monitors of it get noproc.
#pragma once

#include "cnode/process/outbox.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot::process {

inline constexpr std::string_view global_name_server_name = "global_name_server";

// {'$gen_cast', {init_connect, ...}} → cast {in_sync, OurNode, true}; the rest is dropped.
void answer_global(Outbox& outbox, const NodeName& self, LinkId link,
                   ei_codec::ScannedTerm message);

}  // namespace groot::process
