// What erlang:process_info says of a process of this node: what is true of it, in OTP's shapes. It
// has no heap, and its mailbox is always empty.
#pragma once

#include <optional>
#include <string_view>

#include "ei_codec/term.hpp"

namespace groot::process {

struct ProcessDescription {
  ei_codec::Pid group_leader;
  std::string_view registered_name;  // "" without one
};

// [{Item, Value}], the items of process_info/1. A process without a name has no registered_name.
[[nodiscard]] ei_codec::Term process_info(const ProcessDescription& process);

// {Item, Value}, of everything that process_info/2 can be asked for on OTP 25 and later but what
// only tracing and memory management know; {registered_name, []} is [] there. Nothing for another
// item.
[[nodiscard]] std::optional<ei_codec::Term> process_info(const ProcessDescription& process,
                                                         std::string_view item);

}  // namespace groot::process
