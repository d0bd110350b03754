#include "cnode/process/remote_functions.hpp"

#include "cnode/process/process_error.hpp"
#include "cnode/process/term_append.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

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

}  // namespace

Returned returned(const Term& term) {
  return {share(encode_term(term))};
}
Result<Bytes> value(const Term& term) {
  return encode_term(term);
}

Raised argument_error(std::string_view text, std::string_view module, std::string_view function,
                      const Arguments& arguments) {
  using ei_codec::atom;
  if (!module.starts_with("Elixir.")) {
    return {atom("badarg"), stack_of(module, function, arguments.list().bytes())};
  }
  Bytes encoded_arity;
  append_unsigned(encoded_arity, arguments.size());
  return {ei_codec::map({{atom("__exception__"), ei_codec::boolean(true)},
                         {atom("__struct__"), atom("Elixir.ArgumentError")},
                         {atom("message"), ei_codec::binary(text)}}),
          stack_of(module, function, encoded_arity)};
}

void RemoteFunctions::add(std::string_view module, std::string_view function, std::size_t arity,
                          Function body) {
  const bool added = table_.try_emplace(Name(module, function, arity), std::move(body)).second;
  invariant(added, "a remote function is added once");
}

void RemoteFunctions::add_immediate(std::string_view module, std::string_view function,
                                    std::size_t arity, Immediate body) {
  add(module, function, arity,
      [body = std::move(body), module = std::string(module), function = std::string(function)](
          const Arguments& arguments, const Now& now, const Finish& finish) {
        auto result = body(arguments, now);
        if (result) {
          finish(Returned{share(*std::move(result))}, now);
        } else {
          finish(argument_error(result.error().text(), module, function, arguments), now);
        }
      });
}

void RemoteFunctions::call(std::string_view module, std::string_view function,
                           const Arguments& arguments, const Now& now, const Finish& finish) const {
  const auto found = table_.find(Name(module, function, arguments.size()));
  if (found != table_.end()) {
    found->second(arguments, now, finish);
    return;
  }
  finish(Raised{ei_codec::atom("undef"), stack_of(module, function, arguments.list().bytes())},
         now);
}

bool RemoteFunctions::exports(std::string_view module, std::string_view function,
                              std::size_t arity) const {
  return table_.contains(Name(module, function, arity));
}

Result<std::string> atom_argument(const Arguments& arguments, std::size_t index) {
  ei_codec::TermReader reader(arguments[index]);
  if (auto name = reader.take_any_atom()) return *std::move(name);
  return {process_errc::bad_request, "argument " + std::to_string(index + 1) + " is not an atom"};
}

}  // namespace groot::process
