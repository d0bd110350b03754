#include "cnode/process/tap.hpp"

#include "cnode/process/evaluation.hpp"

namespace groot::process {
namespace {

using ei_codec::atom;

// Names the tap in the storage process's list of debug functions: one a node of ours.
Term tap_id(const NodeName& self) {
  return ei_codec::tuple({atom("Elixir.Groot.Cpp"), atom(self.full())});
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
  const std::string send = "case erlang:send({" + storage +
                           ", Node}, {'$gen_cast', Cast}, [noconnect]) of ok -> Node; "
                           "_ -> done end";
  return "sys:remove(" + storage + ", " + id + "), sys:install(" + storage + ", {" + id +
         ", fun(Node, {in, {'$gen_call', _, {delete, Key}}}, _) when is_atom(Node) -> "
         "Cast = {propagate_delete, Key}, " +
         send +
         "; "
         // What it is about to hold: nothing.
         "(Node, {in, {'$gen_call', _, delete_all}}, _) when is_atom(Node) -> "
         "Cast = {update_registers, #{}}, " +
         send +
         "; "
         "(Node, {in, {'$gen_call', _, Call}}, _) when is_atom(Node) -> {Node, Call}; "
         "({Node, Call}, {out, ok, _, #{registers := Held}}, _) -> "
         "case case Call of "
         "{set, Key, _} when is_map_key(Key, Held) -> {update_register, map_get(Key, Held)}; "
         "{set, Key, _, _} when is_map_key(Key, Held) -> {update_register, map_get(Key, Held)}; "
         "_ -> none end of "
         "none -> Node; "
         "Cast -> " +
         send +
         " end; "
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
  evaluate(requests_, peer.link, tap_source(self_), {}, now,
           [this, link = peer.link](const Result<Term>& answer, const Now& then) {
             if (!answer || !answer->is_atom("ok")) {
               fail(link,
                    answer ? to_text(*answer, ei_codec::Syntax::erlang) : answer.error().text(),
                    then);
               return;
             }
             const Peer* tapped = peers_.find(link);
             if (!tapped) return;
             installed_.insert(link);
             outbox_.log(LogLine::Level::info, "tapped the storage process of " + tapped->name());
             outcomes_.installed(link, then);
           });
}

void Tap::fail(LinkId link, const std::string& why, const Now& now) {
  const Peer* peer = peers_.find(link);
  if (!peer) return;
  outbox_.log_repeated(peer->name(), "tap",
                       "could not tap " + peer->name() + ", asking it for changes instead: " + why);
  outcomes_.failed(link, now);
}

void Tap::remove_all() {
  for (const LinkId link : installed_) {
    requests_.cast(link, "sys", "remove", {atom(storage_name), tap_id(self_)});
  }
  installed_.clear();
}

}  // namespace groot::process
