#include "cnode/process/tap.hpp"

#include "cnode/process/replication.hpp"

namespace groot::process {
namespace {

using ei_codec::atom;
using ei_codec::charlist;
using ei_codec::Tuple;

// Names the tap in the storage process's list of debug functions: one a node of ours.
Term tap_id(const NodeName& self) {
  return ei_codec::tuple({atom("Elixir.Groot.Cpp"), atom(self.full())});
}

// The second element of {ok, X, ...} or {ok, X}.
const Term* ok_value(const Result<Term>& answer) {
  const auto* tuple = answer ? answer->get_if<Tuple>() : nullptr;
  if (!tuple || tuple->elements.size() < 2 || !tuple->elements[0].is_atom("ok")) return nullptr;
  return &tuple->elements[1];
}

std::string why_not(const Result<Term>& answer) {
  return answer ? to_text(*answer, ei_codec::Syntax::erlang) : answer.error().text();
}

}  // namespace

std::string tap_source(const NodeName& self) {
  const auto erlang = [](const Term& term) { return to_text(term, ei_codec::Syntax::erlang); };
  const std::string storage = erlang(atom(storage_name));
  const std::string id = erlang(tap_id(self));
  // A fun for sys:install is called with its own state, the event and the server's name or state.
  // It must return `done` (take me out) or its next state, and may never raise. Its state is our
  // node's name; while a call is served, with that call. What is written by a call was written
  // there, whatever clock stamped it: the rest comes from where it was made.
  return "sys:remove(" + storage + ", " + id + "), sys:install(" + storage + ", {" + id +
         ", fun(Node, {in, {'$gen_call', _, Call}}, _) when is_atom(Node) -> {Node, Call}; "
         "({Node, Call}, {out, ok, _, #{registers := Held}}, _) -> "
         "case case Call of "
         "{set, Key, _} when is_map_key(Key, Held) -> {update_register, map_get(Key, Held)}; "
         "{set, Key, _, _} when is_map_key(Key, Held) -> {update_register, map_get(Key, Held)}; "
         "{delete, Key} -> {propagate_delete, Key}; "
         "_ -> none end of "
         "none -> Node; "
         "Cast -> case erlang:send({" +
         storage +
         ", Node}, {'$gen_cast', Cast}, [noconnect]) of ok -> Node; _ -> done end end; "
         "({Node, _}, _, _) -> Node; "
         "(Node, _, _) -> Node end, " +
         erlang(atom(self.full())) + "}).";
}

Tap::Tap(const NodeName& self, Outbox& outbox, Peers& peers, Requests& requests, Outcomes outcomes)
    : self_(self),
      outbox_(outbox),
      peers_(peers),
      requests_(requests),
      outcomes_(std::move(outcomes)) {}

void Tap::install(const Peer& peer, const Now& now) {
  requests_.call(peer.link, "erl_scan", "string", {charlist(tap_source(self_))}, now,
                 [this, link = peer.link](const Result<Term>& answer, const Now& then) {
                   if (const Term* tokens = ok_value(answer)) {
                     parse(link, *tokens, then);
                   } else {
                     fail(link, why_not(answer), then);
                   }
                 });
}

void Tap::parse(LinkId link, const Term& tokens, const Now& now) {
  requests_.call(link, "erl_parse", "parse_exprs", {tokens}, now,
                 [this, link](const Result<Term>& answer, const Now& then) {
                   if (const Term* expressions = ok_value(answer)) {
                     evaluate(link, *expressions, then);
                   } else {
                     fail(link, why_not(answer), then);
                   }
                 });
}

void Tap::evaluate(LinkId link, const Term& expressions, const Now& now) {
  requests_.call(link, "erl_eval", "exprs", {expressions, ei_codec::list({})}, now,
                 [this, link](const Result<Term>& answer, const Now& then) {
                   const auto* value = answer ? answer->get_if<Tuple>() : nullptr;
                   if (!value || value->elements.size() != 3 || !value->elements[1].is_atom("ok")) {
                     fail(link, why_not(answer), then);
                     return;
                   }
                   const Peer* peer = peers_.find(link);
                   if (!peer) return;
                   installed_.insert(link);
                   outbox_.log(LogLine::Level::info,
                               "tapped the storage process of " + peer->name());
                   outcomes_.installed(link, then);
                 });
}

void Tap::fail(LinkId link, const std::string& why, const Now& now) {
  const Peer* peer = peers_.find(link);
  if (!peer) return;
  outbox_.log_limited(peer->name(), "tap",
                      "could not tap " + peer->name() + ", asking it for changes instead: " + why,
                      now);
  outcomes_.failed(link, now);
}

void Tap::remove_all() {
  for (const LinkId link : installed_) {
    requests_.cast(link, "sys", "remove", {atom(storage_name), tap_id(self_)});
  }
  installed_.clear();
}

}  // namespace groot::process
