// Erlang expressions, evaluated at a peer: erl_scan:string, erl_parse:parse_exprs, erl_eval:exprs,
// one remote call after the other.
#pragma once

#include <string>
#include <vector>

#include "cnode/process/requests.hpp"

namespace groot::process {

// A variable of the expressions.
struct Binding {
  std::string_view name;
  Term value;
};

// `answered` hears the value of the last expression, or why there is none: Requests' errors, or
// call_failed where the source is none.
void evaluate(Requests& requests, LinkId link, const std::string& source,
              std::vector<Binding> bindings, const Now& now, Requests::Answered answered);

}  // namespace groot::process
