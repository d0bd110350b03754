#include "cnode/process/evaluation.hpp"

#include <memory>
#include <utility>

#include "cnode/process/process_error.hpp"

namespace groot::process {
namespace {

using ei_codec::atom;
using ei_codec::Tuple;

// {ok, X, ...} and {value, X, ...}: what a step hands on.
const Term* second_of(const Result<Term>& answer, std::string_view tag) {
  const auto* tuple = answer ? answer->get_if<Tuple>() : nullptr;
  if (!tuple || tuple->elements.size() < 2 || !tuple->elements[0].is_atom(tag)) return nullptr;
  return &tuple->elements[1];
}

Result<Term> failure(const Result<Term>& answer) {
  if (!answer) return answer.error();
  return {process_errc::call_failed, to_text(*answer, ei_codec::Syntax::erlang)};
}

}  // namespace

void evaluate(Requests& requests, LinkId link, const std::string& source,
              std::vector<Binding> bindings, const Now& now, Requests::Answered answered) {
  std::vector<Term> bound;
  for (Binding& binding : bindings) {
    bound.push_back(ei_codec::tuple({atom(binding.name), std::move(binding.value)}));
  }
  // Each step owns what the following ones need.
  auto done = std::make_shared<Requests::Answered>(std::move(answered));
  auto run = [&requests, link, done, variables = ei_codec::list(std::move(bound))](
                 const Result<Term>& parsed, const Now& then) {
    const Term* const expressions = second_of(parsed, "ok");
    if (expressions == nullptr) return (*done)(failure(parsed), then);
    requests.call(link, "erl_eval", "exprs", {*expressions, variables}, then,
                  [done](const Result<Term>& evaluated, const Now& at) {
                    const Term* const value = second_of(evaluated, "value");
                    (*done)(value ? Result<Term>(*value) : failure(evaluated), at);
                  });
  };
  requests.call(
      link, "erl_scan", "string", {ei_codec::charlist(source)}, now,
      [&requests, link, done, run = std::move(run)](const Result<Term>& scanned, const Now& then) {
        const Term* const tokens = second_of(scanned, "ok");
        if (tokens == nullptr) return (*done)(failure(scanned), then);
        requests.call(link, "erl_parse", "parse_exprs", {*tokens}, then, run);
      });
}

}  // namespace groot::process
