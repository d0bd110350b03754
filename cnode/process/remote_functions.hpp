// The functions that peers may call here: a table of module, function and arity. Everything else is
// `undef`, exactly as on a BEAM without that module. What is in the table but not allowed raises an
// error that says why, and does not count as exported: {refused, Text}, in an Elixir module a
// RuntimeError.
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

// What a function is for, which decides whether --remote-admin allows it.
enum class Use {
  replication,     // nodes of ours need it of each other
  groot,           // uses Groot, or only asks
  administration,  // changes the node: whom it is connected to, cookies
};

class RemoteFunctions {
 public:
  using Function = std::function<void(const Arguments&, const Now&, const Finish&)>;
  // The same for functions that answer at once; an Error is raised as an argument_error.
  using Immediate = std::function<Result<Bytes>(const Arguments&, const Now&)>;

  explicit RemoteFunctions(RemoteAdmin admin) : admin_(admin) {}

  // Precondition: not in the table yet.
  void add(std::string_view module, std::string_view function, std::size_t arity, Function body,
           Use use = Use::groot);
  void add_immediate(std::string_view module, std::string_view function, std::size_t arity,
                     Immediate body, Use use = Use::groot);
  // One that a BEAM has and this node never allows.
  void add_refused(std::string_view module, std::string_view function, std::size_t arity,
                   std::string_view why);

  void call(std::string_view module, std::string_view function, const Arguments& arguments,
            const Now& now, const Finish& finish) const;
  [[nodiscard]] bool exports(std::string_view module, std::string_view function,
                             std::size_t arity) const;

 private:
  using Name = std::tuple<std::string, std::string, std::size_t>;
  struct Entry {
    Function body;
    bool allowed = true;
  };

  [[nodiscard]] bool allows(Use use) const;

  RemoteAdmin admin_;
  std::map<Name, Entry> table_;
};

// What an Immediate returns for arguments that the function does not take.
[[nodiscard]] Error bad_argument(std::string why);

[[nodiscard]] Returned returned(const Term& term);
[[nodiscard]] Result<Bytes> value(const Term& term);
// What wrong arguments raise: `raise ArgumentError, text` in an Elixir module, badarg in an Erlang
// one.
[[nodiscard]] Raised argument_error(std::string_view text, std::string_view module,
                                    std::string_view function, const Arguments& arguments);

// `raise text` in a function of an Elixir module.
[[nodiscard]] Raised runtime_error(std::string_view text, std::string_view module,
                                   std::string_view function, std::size_t arity);

// The name in an atom argument, or an error that says which argument should have been one.
[[nodiscard]] Result<std::string> atom_argument(const Arguments& arguments, std::size_t index);

}  // namespace groot::process
