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

// The functions that write: `ok`, once the write is saved where that is waited for.
class Writes {
 public:
  using Write = std::function<Result<void>(const Arguments&, const Now&)>;

  Writes(RemoteFunctions& functions, const store::Replica& replica, Saves& saves)
      : functions_(functions), replica_(replica), saves_(saves) {}

  void add(std::string_view module, std::string_view function, std::size_t arity, Write write) {
    functions_.add(module, function, arity,
                   [&replica = replica_, &saves = saves_, write = std::move(write),
                    module = std::string(module), function = std::string(function),
                    arity](const Arguments& args, const Now& now, const Finish& finish) {
                     const auto written = write(args, now);
                     if (!written) {
                       finish(argument_error(written.error().text(), module, function, args), now);
                       return;
                     }
                     const auto answer = [=](const Result<void>& saved, const Now& then) {
                       if (saved) {
                         finish(returned(atom("ok")), then);
                       } else {
                         finish(runtime_error(saved.error().text(), module, function, arity), then);
                       }
                     };
                     saves.when_saved(replica.journal_end(), now, answer);
                   });
  }

 private:
  RemoteFunctions& functions_;
  const store::Replica& replica_;
  Saves& saves_;
};

void add_store_functions(RemoteFunctions& functions, Writes& writes, StoreRequests& requests,
                         std::string_view module) {
  functions.add(module, "get", 1,
                [&requests](const Arguments& args, const Now& now, const Finish& finish) {
                  const auto reg = requests.get(args[0], now);
                  finish(reg ? Returned{value_message(reg)} : returned(ei_codec::nil()), now);
                });
  writes.add(module, "set", 2, [&requests](const Arguments& args, const Now& now) {
    return requests.set(args[0], args[1], std::nullopt, now);
  });
  writes.add(module, "set", 3, [&requests](const Arguments& args, const Now& now) {
    return requests.set(args[0], args[1], args[2], now);
  });
  writes.add(module, "delete", 1, [&requests](const Arguments& args, const Now& now) {
    return requests.erase(args[0], now);
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

void add_groot_functions(RemoteFunctions& functions, const store::Replica& replica,
                         StoreRequests& requests, Saves& saves) {
  Writes writes(functions, replica, saves);
  add_store_functions(functions, writes, requests, "Elixir.Groot");
  add_store_functions(functions, writes, requests, "Elixir.Groot.Storage");
  writes.add("Elixir.Groot.Storage", "delete_all", 0,
             [&requests](const Arguments&, const Now& now) {
               requests.delete_all(now);
               return Result<void>();
             });
  add_application_functions(functions);
}

}  // namespace groot::process
