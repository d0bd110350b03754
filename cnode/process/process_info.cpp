#include "cnode/process/process_info.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace groot::process {
namespace {

using ei_codec::atom;
using ei_codec::list;
using ei_codec::Term;
using ei_codec::tuple;

Term function(std::string_view module, std::string_view name, std::int64_t arity) {
  return tuple({atom(module), atom(name), arity});
}

// Where every process that is at rest stands, as far as anybody can tell.
Term loop() {
  return function("gen_server", "loop", 7);
}

Term location() {
  return tuple({atom("gen_server"), atom("loop"), std::int64_t{7}, list({})});
}

// The module behind a registered name: the name itself in Elixir.
Term initial_call(const ProcessDescription& process) {
  if (process.registered_name.empty()) return function("erlang", "apply", 2);
  const bool is_rex = process.registered_name == "rex";
  return function(is_rex ? "rpc" : process.registered_name, "init", 1);
}

struct Item {
  std::string_view name;
  bool always;  // in process_info/1
  Term (*value)(const ProcessDescription& process);
};

using Process = ProcessDescription;
Term none(const Process&) {
  return list({});
}
Term zero(const Process&) {
  return std::int64_t{0};
}

// In the order of process_info/1.
const std::array<Item, 26> items{{
    {"registered_name", true, [](const Process& p) { return atom(p.registered_name); }},
    {"current_function", true, [](const Process&) { return loop(); }},
    {"initial_call", true, initial_call},
    {"status", true, [](const Process&) { return atom("waiting"); }},
    {"message_queue_len", true, zero},
    {"links", true, none},
    {"dictionary", true, none},
    {"trap_exit", true, [](const Process&) { return ei_codec::boolean(true); }},
    {"error_handler", true, [](const Process&) { return atom("error_handler"); }},
    {"priority", true, [](const Process&) { return atom("normal"); }},
    {"group_leader", true, [](const Process& p) { return Term(p.group_leader); }},
    {"total_heap_size", true, zero},
    {"heap_size", true, zero},
    {"stack_size", true, zero},
    {"reductions", true, zero},
    {"garbage_collection", true, none},
    {"suspending", true, none},
    {"memory", false, zero},
    {"messages", false, none},
    {"message_queue_data", false, [](const Process&) { return atom("on_heap"); }},
    {"monitors", false, none},
    {"monitored_by", false, none},
    {"binary", false, none},
    {"current_location", false, [](const Process&) { return location(); }},
    {"current_stacktrace", false, [](const Process&) { return list({location()}); }},
    {"parent", false, [](const Process&) { return atom("undefined"); }},
}};

Term pair(const Item& item, const ProcessDescription& process) {
  return tuple({atom(item.name), item.value(process)});
}

}  // namespace

Term process_info(const ProcessDescription& process) {
  std::vector<Term> pairs;
  for (const Item& item : items) {
    if (!item.always) continue;
    if (item.name == "registered_name" && process.registered_name.empty()) continue;
    pairs.push_back(pair(item, process));
  }
  return list(std::move(pairs));
}

std::optional<Term> process_info(const ProcessDescription& process, std::string_view name) {
  const auto* item =
      std::find_if(items.begin(), items.end(), [&](const Item& each) { return each.name == name; });
  if (item == items.end()) return std::nullopt;
  if (name == "registered_name" && process.registered_name.empty()) return list({});
  return pair(*item, process);
}

}  // namespace groot::process
