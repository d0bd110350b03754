#include "cnode/process/groot_functions.hpp"

#include "cnode/process/process_error.hpp"
#include "cnode/process/register_codec.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

using ei_codec::atom;
using ei_codec::charlist;
using ei_codec::Term;

// The version of this node's Groot, as application:get_key(groot, vsn) says it: the API that it
// implements, above 0.1.x which has no delete; not the version of this program.
constexpr std::string_view groot_version = "0.2.0";

Result<Bytes> ok_or(const Result<void>& done) {
  if (!done) return done.error();
  return value(atom("ok"));
}

void add_store_functions(RemoteFunctions& functions, StoreRequests& requests,
                         std::string_view module) {
  functions.add(module, "get", 1,
                [&requests](const Arguments& args, const Now& now, const Finish& finish) {
                  const auto reg = requests.get(args[0], now);
                  finish(reg ? Returned{value_message(reg)} : returned(ei_codec::nil()), now);
                });
  functions.add_immediate(module, "set", 2, [&requests](const Arguments& args, const Now& now) {
    return ok_or(requests.set(args[0], args[1], std::nullopt, now));
  });
  functions.add_immediate(module, "set", 3, [&requests](const Arguments& args, const Now& now) {
    return ok_or(requests.set(args[0], args[1], args[2], now));
  });
  functions.add_immediate(module, "delete", 1, [&requests](const Arguments& args, const Now& now) {
    return ok_or(requests.erase(args[0], now));
  });
}

bool names_groot(const Arguments& args) {
  ei_codec::TermReader reader(args[0]);
  return reader.take_atom("groot");
}

Result<Bytes> which_applications(const Arguments&, const Now&) {
  return value(ei_codec::list({ei_codec::tuple(
      {atom("groot"), charlist("Groot, as a C++ node"), charlist(groot_version)})}));
}

void add_application_functions(RemoteFunctions& functions) {
  functions.add_immediate("application", "get_key", 2, [](const Arguments& args, const Now&) {
    ei_codec::TermReader key(args[1]);
    if (!names_groot(args) || !key.take_atom("vsn")) return value(atom("undefined"));
    return value(ei_codec::tuple({atom("ok"), charlist(groot_version)}));
  });
  functions.add_immediate("application", "which_applications", 0, which_applications);
  functions.add_immediate("application", "which_applications", 1, which_applications);
  functions.add_immediate("Elixir.Application", "spec", 2, [](const Arguments& args, const Now&) {
    ei_codec::TermReader key(args[1]);
    if (!names_groot(args) || !key.take_atom("vsn")) return value(ei_codec::nil());
    return value(charlist(groot_version));
  });
  const auto ensure_all_started = [](const Arguments& args, const Now&) -> Result<Bytes> {
    const auto name = atom_argument(args, 0);
    if (!name) return name.error();
    if (*name == "groot") return value(ei_codec::tuple({atom("ok"), ei_codec::list({})}));
    return value(ei_codec::tuple(
        {atom("error"),
         ei_codec::tuple({atom(*name), ei_codec::tuple({charlist("no such file or directory"),
                                                        charlist(*name + ".app")})})}));
  };
  functions.add_immediate("Elixir.Application", "ensure_all_started", 1, ensure_all_started);
  functions.add_immediate("application", "ensure_all_started", 1, ensure_all_started);
}

}  // namespace

void add_groot_functions(RemoteFunctions& functions, StoreRequests& requests) {
  add_store_functions(functions, requests, "Elixir.Groot");
  add_store_functions(functions, requests, "Elixir.Groot.Storage");
  functions.add_immediate("Elixir.Groot.Storage", "delete_all", 0,
                          [&requests](const Arguments&, const Now& now) {
                            requests.delete_all(now);
                            return value(atom("ok"));
                          });
  add_application_functions(functions);
}

}  // namespace groot::process
