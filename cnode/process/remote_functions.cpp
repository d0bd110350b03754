#include "cnode/process/remote_functions.hpp"

#include "cnode/process/process_error.hpp"
#include "cnode/process/term_append.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

using ei_codec::atom;

// [{Module, Function, ArgsOrArity, []}]
Bytes stack_of(std::string_view module, std::string_view function, ByteView args_or_arity) {
  Bytes stack;
  append_list(stack, 1);
  append_tuple(stack, 4);
  append_atom(stack, module);
  append_atom(stack, function);
  append_bytes(stack, args_or_arity);
  append_nil(stack);
  append_nil(stack);
  return stack;
}

bool is_elixir(std::string_view module) {
  return module.starts_with("Elixir.");
}

// What `raise Exception, text` ends with in that function.
Raised exception(std::string_view name, std::string_view text, std::string_view module,
                 std::string_view function, std::size_t arity) {
  Bytes encoded_arity;
  append_unsigned(encoded_arity, arity);
  return {ei_codec::map({{atom("__exception__"), ei_codec::boolean(true)},
                         {atom("__struct__"), atom(name)},
                         {atom("message"), ei_codec::binary(text)}}),
          stack_of(module, function, encoded_arity)};
}

Raised refusal(std::string_view why, std::string_view module, std::string_view function,
               const Arguments& arguments) {
  if (is_elixir(module)) return runtime_error(why, module, function, arguments.size());
  return {ei_codec::tuple({atom("refused"), ei_codec::binary(why)}),
          stack_of(module, function, arguments.list().bytes())};
}

}  // namespace

Returned returned(const Term& term) {
  return {share(encode_term(term))};
}
Result<Bytes> value(const Term& term) {
  return encode_term(term);
}

Raised runtime_error(std::string_view text, std::string_view module, std::string_view function,
                     std::size_t arity) {
  return exception("Elixir.RuntimeError", text, module, function, arity);
}

Error bad_argument(std::string why) {
  return {process_errc::bad_request, std::move(why)};
}

Raised argument_error(std::string_view text, std::string_view module, std::string_view function,
                      const Arguments& arguments) {
  if (!is_elixir(module)) {
    return {atom("badarg"), stack_of(module, function, arguments.list().bytes())};
  }
  return exception("Elixir.ArgumentError", text, module, function, arguments.size());
}

void RemoteFunctions::add(std::string_view module, std::string_view function, std::size_t arity,
                          Function body, Use use) {
  if (!allows(use)) {
    add_refused(module, function, arity, "this node does not allow it (--remote-admin)");
    return;
  }
  const bool added =
      table_.try_emplace(Name(module, function, arity), Entry{std::move(body)}).second;
  invariant(added, "a remote function is added once");
}

void RemoteFunctions::add_immediate(std::string_view module, std::string_view function,
                                    std::size_t arity, Immediate body, Use use) {
  add(
      module, function, arity,
      [body = std::move(body), module = std::string(module), function = std::string(function)](
          const Arguments& arguments, const Now& now, const Finish& finish) {
        auto result = body(arguments, now);
        if (result) {
          finish(Returned{share(*std::move(result))}, now);
        } else {
          finish(argument_error(result.error().text(), module, function, arguments), now);
        }
      },
      use);
}

void RemoteFunctions::add_refused(std::string_view module, std::string_view function,
                                  std::size_t arity, std::string_view why) {
  const auto refuse = [why = std::string(why), module = std::string(module),
                       function = std::string(function)](const Arguments& arguments, const Now& now,
                                                         const Finish& finish) {
    finish(refusal(why, module, function, arguments), now);
  };
  const bool added = table_.try_emplace(Name(module, function, arity), Entry{refuse, false}).second;
  invariant(added, "a remote function is added once");
}

bool RemoteFunctions::allows(Use use) const {
  switch (admin_) {
    case RemoteAdmin::full:
      return true;
    case RemoteAdmin::groot:
      return use != Use::administration;
    case RemoteAdmin::off:
      return use == Use::replication;
  }
  return false;
}

void RemoteFunctions::call(std::string_view module, std::string_view function,
                           const Arguments& arguments, const Now& now, const Finish& finish) const {
  const auto found = table_.find(Name(module, function, arguments.size()));
  if (found != table_.end()) {
    found->second.body(arguments, now, finish);
    return;
  }
  finish(Raised{atom("undef"), stack_of(module, function, arguments.list().bytes())}, now);
}

bool RemoteFunctions::exports(std::string_view module, std::string_view function,
                              std::size_t arity) const {
  const auto found = table_.find(Name(module, function, arity));
  return found != table_.end() && found->second.allowed;
}

Result<std::string> atom_argument(const Arguments& arguments, std::size_t index) {
  ei_codec::TermReader reader(arguments[index]);
  if (auto name = reader.take_any_atom()) return *std::move(name);
  return {process_errc::bad_request, "argument " + std::to_string(index + 1) + " is not an atom"};
}

}  // namespace groot::process
