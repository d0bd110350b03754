// The functions that peers may call here: a table of module, function and arity. Everything else is
// `undef`, exactly as on a BEAM without that module.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>

#include "cnode/process/arguments.hpp"
#include "cnode/process/outbox.hpp"
#include "ei_codec/term.hpp"

namespace groot::process {

using ei_codec::Term;

struct Returned {
  SharedMessage value;  // encoded
};
// An error raised in the function: Reason, and the stack [{M, F, Args | Arity, []}].
struct Raised {
  Term reason;
  Bytes stack;  // encoded
};
using Outcome = std::variant<Returned, Raised>;

// Called exactly once, during the call or later.
using Finish = std::function<void(const Outcome& outcome, const Now& now)>;

class RemoteFunctions {
 public:
  using Function = std::function<void(const Arguments&, const Now&, const Finish&)>;
  // The same for functions that answer at once; an Error is raised as an argument_error.
  using Immediate = std::function<Result<Bytes>(const Arguments&, const Now&)>;

  // Precondition: not in the table yet.
  void add(std::string_view module, std::string_view function, std::size_t arity, Function body);
  void add_immediate(std::string_view module, std::string_view function, std::size_t arity,
                     Immediate body);

  void call(std::string_view module, std::string_view function, const Arguments& arguments,
            const Now& now, const Finish& finish) const;
  [[nodiscard]] bool exports(std::string_view module, std::string_view function,
                             std::size_t arity) const;

 private:
  using Name = std::tuple<std::string, std::string, std::size_t>;
  std::map<Name, Function> table_;
};

[[nodiscard]] Returned returned(const Term& term);
[[nodiscard]] Result<Bytes> value(const Term& term);
// What wrong arguments raise: `raise ArgumentError, text` in an Elixir module, badarg in an Erlang
// one.
[[nodiscard]] Raised argument_error(std::string_view text, std::string_view module,
                                    std::string_view function, const Arguments& arguments);

// The name in an atom argument, or an error that says which argument should have been one.
[[nodiscard]] Result<std::string> atom_argument(const Arguments& arguments, std::size_t index);

}  // namespace groot::process
