#include "cnode/process/process_functions.hpp"

#include <algorithm>
#include <array>

#include "cnode/process/process_error.hpp"
#include "cnode/process/process_info.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

using ei_codec::atom;

// Under a name of Erlang's and one of Elixir's, which says nil where Erlang says undefined.
void add_both(RemoteFunctions& functions, std::string_view erlang, std::string_view elixir,
              std::size_t arity,
              const std::function<Result<std::optional<Term>>(const Arguments&)>& body) {
  const auto add = [&](std::string_view module, std::string_view function, Term nothing) {
    functions.add_immediate(module, function, arity,
                            [body, nothing = std::move(nothing)](const Arguments& arguments,
                                                                 const Now&) -> Result<Bytes> {
                              auto answer = body(arguments);
                              if (!answer) return answer.error();
                              return value(*answer ? **answer : nothing);
                            });
  };
  add("erlang", erlang, atom("undefined"));
  add("Elixir.Process", elixir, ei_codec::nil());
}

}  // namespace

void ProcessFunctions::add_to(RemoteFunctions& functions) {
  add_names(functions);
  add_processes(functions);
}

void ProcessFunctions::add_names(RemoteFunctions& functions) {
  using Answer = Result<std::optional<Term>>;
  add_both(functions, "whereis", "whereis", 1, [this](const Arguments& arguments) -> Answer {
    const auto name = atom_argument(arguments, 0);
    if (!name) return name.error();
    for (const auto& [registered, pid] : names_) {
      if (registered == *name) return std::optional<Term>(outbox_.pid(pid));
    }
    return std::optional<Term>();
  });
  add_both(functions, "registered", "registered", 0, [this](const Arguments&) -> Answer {
    std::vector<Term> names;
    for (const auto& [registered, pid] : names_) names.push_back(atom(registered));
    return std::optional<Term>(ei_codec::list(std::move(names)));
  });
}

void ProcessFunctions::add_processes(RemoteFunctions& functions) {
  using Answer = Result<std::optional<Term>>;
  add_both(functions, "processes", "list", 0, [this](const Arguments&) -> Answer {
    std::vector<Term> pids;
    for (Pid& pid : processes()) pids.emplace_back(std::move(pid));
    return std::optional<Term>(ei_codec::list(std::move(pids)));
  });
  add_both(functions, "is_process_alive", "alive?", 1,
           [this](const Arguments& arguments) -> Answer {
             const auto pid = own_pid(arguments);
             if (!pid) return pid.error();
             return std::optional<Term>(ei_codec::boolean(is_alive(*pid)));
           });
  const auto told = [this](const Arguments& arguments) { return info(arguments); };
  add_both(functions, "process_info", "info", 1, told);
  add_both(functions, "process_info", "info", 2, told);
}

std::vector<Pid> ProcessFunctions::processes() const {
  std::vector<Pid> pids;
  for (const auto& [name, pid] : names_) pids.push_back(outbox_.pid(pid));
  for (const ServedPid served : nameless_pids) pids.push_back(outbox_.pid(served));
  for (Pid& pid : spawned_.all()) pids.push_back(std::move(pid));
  return pids;
}

bool ProcessFunctions::is_alive(const Pid& pid) const {
  if (spawned_.is_alive(pid)) return true;
  const std::vector<Pid> all = processes();
  return std::find(all.begin(), all.end(), pid) != all.end();
}

std::string_view ProcessFunctions::name_of(const Pid& pid) const {
  for (const auto& [name, served] : names_) {
    if (pid == outbox_.pid(served)) return name;
  }
  return {};
}

Result<Pid> ProcessFunctions::own_pid(const Arguments& arguments) const {
  ei_codec::TermReader reader(arguments[0]);
  if (reader.kind() == ei_codec::TermKind::pid) {
    const auto decoded = decode_term(arguments[0]);
    const auto* pid = decoded ? decoded->get_if<Pid>() : nullptr;
    // Of an earlier life, too: it has ended.
    if (pid && pid->node == outbox_.pid(ServedPid::rex).node) return *pid;
  }
  return bad_argument("argument 1 is not a process of this node");
}

Result<std::optional<Term>> ProcessFunctions::info(const Arguments& arguments) const {
  const auto pid = own_pid(arguments);
  if (!pid) return pid.error();
  const ProcessDescription process{outbox_.pid(ServedPid::group_leader), name_of(*pid)};
  std::optional<Term> told;
  if (arguments.size() == 1) {
    told = process_info(process);
  } else if (const auto item = atom_argument(arguments, 1)) {
    told = process_info(process, *item);
    if (!told) return bad_argument("not an item of a process: " + *item);
  } else {
    const auto items = Arguments::read(arguments[1]);
    if (!items) return bad_argument("argument 2 is neither an item nor a list of items");
    std::vector<Term> pairs;
    for (std::size_t i = 0; i < items->size(); ++i) {
      const auto each = atom_argument(*items, i);
      if (!each) return each.error();
      auto pair = process_info(process, *each);
      if (!pair) return bad_argument("not an item of a process: " + *each);
      // In a list the pair is there, and empty.
      if (*each == "registered_name" && process.registered_name.empty()) {
        pair = ei_codec::tuple({atom(*each), ei_codec::list({})});
      }
      pairs.push_back(*std::move(pair));
    }
    told = ei_codec::list(std::move(pairs));
  }
  if (!is_alive(*pid)) told.reset();
  return told;
}

}  // namespace groot::process
