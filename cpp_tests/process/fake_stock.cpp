#include "fake_stock.hpp"

#include <algorithm>

namespace groot::process::testing {
namespace {

using ei_codec::atom;
using ei_codec::Map;
using ei_codec::tuple;
using ei_codec::Tuple;

std::uint64_t number(const Term* term) {
  REQUIRE(term);
  const auto* small = term->get_if<std::int64_t>();
  REQUIRE(small);
  return static_cast<std::uint64_t>(*small);
}

const Term& at(const Term& map, std::string_view key) {
  const auto* pairs = map.get_if<Map>();
  REQUIRE(pairs);
  const Term* found = pairs->find(atom(key));
  REQUIRE_MESSAGE(found, key);
  return *found;
}

}  // namespace

FakeStock::FakeStock(Script& script, std::string name, Runs runs, bool visible)
    : script_(script), name_(std::move(name)), runs_(runs), visible_(visible) {
  reconnect();
}

void FakeStock::cut() {
  script_.down(link);
}
void FakeStock::reconnect() {
  monitors_.clear();
  link = script_.up(name_, visible_);
}
void FakeStock::start_groot(Runs runs) {
  runs_ = runs;
}

void FakeStock::kill_storage(bool restart, std::string_view reason) {
  ++storage_id_;
  registers_.clear();
  storage_alive_ = restart;
  const auto died = std::exchange(monitors_, {});
  for (const auto& monitor : died) {
    script_.receive(link, dist::MonitorPExit{monitor.to, monitor.from, monitor.ref}, erl(reason));
  }
}

void FakeStock::settle(bool calls_wait) {
  while (true) {
    auto sent = script_.take_sent();
    if (!calls_wait) {
      sent.insert(sent.begin(), waiting_.begin(), waiting_.end());
      waiting_.clear();
    }
    if (sent.empty()) return;
    for (const Sent& frame : sent) {
      if (answers && frame.link == link) handle(frame, calls_wait);
    }
  }
}

void FakeStock::settle(Script& script, std::initializer_list<FakeStock*> peers) {
  for (auto sent = script.take_sent(); !sent.empty(); sent = script.take_sent()) {
    for (const Sent& frame : sent) {
      for (FakeStock* peer : peers) {
        if (peer->link == frame.link) peer->handle(frame, false);
      }
    }
  }
}

void FakeStock::answer_only(int frames) {
  while (true) {
    const auto sent = script_.take_sent();
    if (sent.empty()) return;
    for (const Sent& frame : sent) {
      if (frames-- > 0) handle(frame, false);
    }
  }
}

void FakeStock::pass(std::int64_t milliseconds) {
  settle();
  for (std::int64_t passed = 0; passed < milliseconds; passed += 5) {
    script_.pass(std::min<std::int64_t>(5, milliseconds - passed));
    settle();
  }
}

void FakeStock::handle(const Sent& sent, bool calls_wait) {
  if (const auto* request = sent.get<dist::SpawnRequest>()) {
    if (calls_wait) {
      waiting_.push_back(sent);
    } else {
      spawn(*request, sent.message);
    }
  } else if (const auto* monitored = sent.get<dist::MonitorP>()) {
    monitor(*monitored);
  } else if (const auto* demonitor = sent.get<dist::DemonitorP>()) {
    std::erase_if(monitors_, [&](const auto& m) { return m.ref == demonitor->ref; });
  } else if (const auto* message = sent.get<dist::RegSend>()) {
    if (message->to == "Elixir.Groot.Storage" && runs_groot() && storage_alive_) {
      ++reductions_;
      storage_message(sent.message);
    }
  }
}

void FakeStock::monitor(const dist::MonitorP& wanted) {
  const bool is_storage = wanted.to == dist::Target(storage());
  if (is_storage && runs_groot() && storage_alive_) {
    monitors_.push_back(wanted);
  } else {
    script_.receive(link, dist::MonitorPExit{wanted.to, wanted.from, wanted.ref}, atom("noproc"));
  }
}

void FakeStock::spawn(const dist::SpawnRequest& request, const Term& arguments) {
  if (!spawns) {
    script_.receive(link,
                    dist::SpawnReply{request.request, request.from, false, false, Atom{"notsup"}});
    return;
  }
  const Pid pid = script_.pid_of(link, 5'000);
  script_.receive(link,
                  dist::SpawnReply{request.request, request.from, false, request.monitor, pid});
  if (request.function == "execute_cast") {
    spawned_casts.push_back(arguments);
    return;
  }
  const auto& list = arguments.get_if<ei_codec::List>()->elements;
  REQUIRE(list.size() == 4);
  const auto* own = list[3].get_if<ei_codec::List>();
  REQUIRE(own);
  const std::string function = text(list[1]) + ":" + text(list[2]);
  calls.push_back(function + "/" + std::to_string(own->elements.size()));
  if (function == "erl_eval:exprs") evaluated.push_back(own->elements[1]);
  const auto prepared = canned.find(function);
  const Term value =
      prepared != canned.end() ? prepared->second : evaluate(function, own->elements);
  const Term reason = value.is_atom("undef")
                          ? tuple({list[0], atom("error"), value, ei_codec::list({})})
                          : tuple({list[0], atom("return"), value});
  script_.receive(link, dist::MonitorPExit{pid, request.from, request.request}, reason);
}

Term FakeStock::evaluate(const std::string& function, const std::vector<Term>& arguments) {
  if (function == "erlang:whereis") {
    return runs_groot() && storage_alive_ ? Term(storage()) : atom("undefined");
  }
  if (function == "erlang:process_info") {
    ++polls;
    if (arguments.at(0) != Term(storage())) return atom("undefined");
    return ei_codec::list({tuple({atom("reductions"), Term(reductions_)}),
                           tuple({atom("status"), atom(busy ? "running" : "waiting")})});
  }
  if (function == "erlang:function_exported") {
    return ei_codec::boolean(runs_ == Runs::groot_with_delete);
  }
  if (function == "erlang:system_time") return Term(script_.now.wall_ms + clock_ahead_ms);
  if (function == "erlang:nodes") return ei_codec::list({});
  if (function == "code:ensure_loaded") return tuple({atom("module"), arguments.at(0)});
  if (function == "application:get_key") return erl("{ok, \"0.1.1\"}");
  return atom("undef");
}

void FakeStock::storage_message(const Term& message) {
  const auto* pair = message.get_if<Tuple>();
  REQUIRE(pair);
  if (pair->elements.at(0).is_atom("nodeup")) {
    ++announcements;
    works(announcement_reductions - 1);
    if (loses_announcements) return;
    cast_state();
    if (after_state_cast) after_state_cast();
    return;
  }
  REQUIRE(pair->elements.at(0).is_atom("$gen_cast"));
  const auto& cast = pair->elements.at(1).get_if<Tuple>()->elements;
  if (cast.at(0).is_atom("update_register")) {
    merge(cast.at(1));
  } else if (cast.at(0).is_atom("update_registers")) {
    ++states_pushed;
    for (const auto& [key, reg] : cast.at(1).get_if<Map>()->pairs) merge(reg);
  } else if (cast.at(0).is_atom("propagate_delete") && runs_ == Runs::groot_with_delete) {
    registers_.erase(text(cast.at(1)));
  } else {
    ++deaths;
    kill_storage();
  }
}

void FakeStock::merge(const Term& reg) {
  const Term& key = at(reg, "key");
  if (key.get_if<ei_codec::List>()) {
    ++deaths;
    return;
  }
  const Term& hlc = at(reg, "hlc");
  const Register arrived{at(reg, "value"), number(&at(hlc, "time")), number(&at(hlc, "counter")),
                         number(&at(hlc, "node_id")), reg};
  Register& held = registers_[text(key)];
  const auto order = [](const Register& r) { return std::tuple(r.time, r.counter, r.node_id); };
  if (order(arrived) > order(held)) held = arrived;
}

void FakeStock::cast_state(bool from_storage) {
  std::vector<std::pair<Term, Term>> pairs;
  for (const auto& [key, reg] : registers_) pairs.emplace_back(erl(key), reg.whole);
  const Pid from = from_storage ? storage() : script_.pid_of(link);
  script_.receive(link, dist::RegSend{from, "Elixir.Groot.Storage"},
                  tuple({atom("$gen_cast"),
                         tuple({atom("update_registers"), ei_codec::map(std::move(pairs))})}));
}

void FakeStock::set(const std::string& key, const std::string& value) {
  const auto time = static_cast<std::uint64_t>(script_.now.wall_ms);
  Register& held = registers_[key];
  const std::uint64_t counter = held.time == time ? held.counter + 1 : 0;
  held = {erl(value), time, counter, 9, register_term(erl(key), erl(value), time, counter, 9)};
  ++reductions_;
}

void FakeStock::erase(const std::string& key) {
  registers_.erase(key);
  ++reductions_;
}

std::string FakeStock::get(const std::string& key) const {
  const auto found = registers_.find(key);
  return found == registers_.end() ? "none" : text(found->second.value);
}

}  // namespace groot::process::testing
