// The BEAM half of a stock node: links, monitors, and the remote calls of a node of ours.
#include <algorithm>
#include <utility>

#include "cnode/process/replication.hpp"
#include "cnode/process/term_append.hpp"
#include "cnode/process/timestamp_codec.hpp"
#include "cpp_tests/sim/stock_node.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

using ei_codec::atom;
using ei_codec::ScannedTerm;
using ei_codec::Term;
using ei_codec::TermReader;
using ei_codec::tuple;

// Percent of the looks at a storage process that find it busy.
constexpr int busy = 20;

}  // namespace

void StockNode::later(Ms delay, std::function<void()> action) {
  schedule_.after(delay, [this, creation = creation_, action = std::move(action)] {
    if (!alive_ || creation != creation_) return;
    if (is_paused()) {
      later(paused_until() - schedule_.now(), action);
    } else {
      action();
    }
  });
}

void StockNode::send(LinkId link, dist::Control control, Bytes message) {
  network_.send(*this, link,
                {std::move(control), std::make_shared<const Bytes>(std::move(message))});
}

void StockNode::link_up(LinkId link, const Node& peer) {
  peers_[link] = {peer.name(), peer.is_visible(), peer.is_ours()};
  // nodeup, from its own net_kernel; nobody hears of a hidden node.
  if (!storage_up_ || !peer.is_visible()) return;
  ++reductions_;
  cast_state(link);
}

void StockNode::link_down(LinkId link) {
  peers_.erase(link);
  taps_.erase(link);
  std::erase_if(monitors_, [link](const Monitor& monitor) { return monitor.link == link; });
}

void StockNode::receive(LinkId link, const Packet& packet) {
  const ByteView message = packet.message ? ByteView(*packet.message) : ByteView();
  if (const auto* request = std::get_if<dist::SpawnRequest>(&packet.control)) {
    spawn(link, *request, message);
  } else if (const auto* wanted = std::get_if<dist::MonitorP>(&packet.control)) {
    monitor(link, *wanted);
  } else if (const auto* demonitor = std::get_if<dist::DemonitorP>(&packet.control)) {
    std::erase_if(monitors_,
                  [&](const Monitor& monitor) { return monitor.wanted.ref == demonitor->ref; });
  } else if (const auto* to_name = std::get_if<dist::RegSend>(&packet.control)) {
    if (!running_) return;
    if (to_name->to == process::storage_name) {
      if (storage_up_) storage_message(link, message);
    } else if (to_name->to == "Elixir.Groot.ClockSync") {
      clock_cast(link, message);
    } else if (to_name->to == "Elixir.Groot.Clock") {
      fatal(link, "something to the clock, which knows nothing");
    }
    // To a name that nobody has: dropped.
  }
}

void StockNode::monitor(LinkId link, const dist::MonitorP& wanted) {
  if (storage_up_ && wanted.to == dist::Target(storage_pid())) {
    monitors_.push_back({link, wanted});
    return;
  }
  send(link, dist::MonitorPExit{wanted.to, wanted.from, wanted.ref}, encode_term(atom("noproc")));
}

void StockNode::spawn(LinkId link, const dist::SpawnRequest& request, ByteView arguments) {
  const dist::Pid pid{{name()}, 5'000, 0, creation_};
  network_.send(
      *this, link,
      {dist::SpawnReply{request.request, request.from, false, request.monitor, pid}, nullptr});
  // execute_cast: nobody waits for what it does.
  if (request.function != "execute_call") return;
  TermReader reader(ScannedTerm::trusted(arguments));
  reader.take_list();
  const ByteView reference = reader.take_term().bytes();
  const std::string module = reader.take_any_atom().value_or("");
  const std::string function = module + ":" + reader.take_any_atom().value_or("");
  const bool has_arguments = reader.take_list().has_value();
  Bytes reason;
  process::append_tuple(reason, 3);
  process::append_bytes(reason, reference);
  process::append_atom(reason, "return");
  process::append_bytes(
      reason, evaluate(link, function,
                       has_arguments ? reader : TermReader(ScannedTerm::trusted(arguments))));
  send(link, dist::MonitorPExit{pid, request.from, request.request}, std::move(reason));
}

Bytes StockNode::evaluate(LinkId link, const std::string& function, TermReader arguments) {
  if (function == "erlang:process_info") {
    const Bytes own = encode_term(Term(storage_pid()));
    if (!storage_up_ || !ei_codec::same_bytes(arguments.take_term().bytes(), own)) {
      return encode_term(atom("undefined"));
    }
    // One that has handled nothing is not busy, but for what has just arrived.
    return encode_term(ei_codec::list(
        {tuple({atom("reductions"), static_cast<std::int64_t>(reductions_)}),
         tuple({atom("status"), atom(random_.chance(busy) ? "running" : "waiting")})}));
  }
  if (function == "erlang:whereis") {
    return encode_term(storage_up_ ? Term(storage_pid()) : atom("undefined"));
  }
  if (function == "erlang:system_time") {
    return encode_term(ei_codec::Term(static_cast<std::int64_t>(now().wall_ms)));
  }
  if (function == "erlang:nodes") {
    std::vector<Term> names;
    for (const auto& [peer_link, peer] : peers_) {
      if (peer.visible) names.push_back(atom(peer.name));
    }
    return encode_term(ei_codec::list(std::move(names)));
  }
  if (function == "erlang:function_exported") return encode_term(ei_codec::boolean(has_delete()));
  if (function == "code:ensure_loaded") {
    return encode_term(tuple({atom("module"), atom("Elixir.Groot")}));
  }
  if (function == "application:get_key") {
    return encode_term(tuple({atom("ok"), ei_codec::charlist(has_delete() ? "0.2.0" : "0.1.1")}));
  }
  if (function == "sys:get_state") {
    return encode_term(ei_codec::map({{atom("timestamp"), clock_term()}}));
  }
  // Three steps.
  if (function == "erl_scan:string" || function == "erl_parse:parse_exprs") {
    Bytes handed_on;
    process::append_tuple(handed_on, function == "erl_scan:string" ? 3 : 2);
    process::append_atom(handed_on, "ok");
    process::append_bytes(handed_on, arguments.take_term().bytes());
    if (function == "erl_scan:string") process::append_unsigned(handed_on, 1);
    return handed_on;
  }
  if (function == "erl_eval:exprs") {
    if (!storage_up_) return encode_term(atom("noproc"));
    ++reductions_;
    const ByteView source = arguments.take_term().bytes();
    // What the program says in Erlang is done here; of what matters its text is asked.
    const auto says = [&](std::string_view part) {
      return ei_codec::as_text(source).find(part) != std::string_view::npos;
    };
    const bool is_tap = says("sys:install");
    if (is_tap) {
      taps_[link] = {says("delete_all")};
    } else {
      reclaim(link, arguments, says("hlc := Hlc"));
    }
    return encode_term(tuple({atom("value"), is_tap ? atom("ok") : Term(0), ei_codec::list({})}));
  }
  throw Violation(name() + " was called for " + function + ", which the simulator does not know");
}

Term StockNode::clock_term() const {
  Bytes encoded;
  process::append_timestamp(clock_.last(), encoded);
  return decode_term(ScannedTerm::trusted(encoded)).value();
}

// The end of tombstones, [{'Registers', [{Key, Hlc}]}]: the nil that each left here goes, if it is
// still that one.
void StockNode::reclaim(LinkId link, TermReader& bindings, bool exactly) {
  bindings.take_list();
  bindings.take_tuple();
  bindings.take_term();
  const auto count = bindings.take_list();
  for (std::uint32_t i = 0; i < count.value_or(0); ++i) {
    bindings.take_tuple();
    const ByteView bytes = bindings.take_term().bytes();
    const Bytes key(bytes.begin(), bytes.end());
    const auto stamp = process::read_timestamp(bindings);
    const StockRegister* held = storage_.find(key);
    if (held == nullptr || !stamp || (exactly && held->stamp != *stamp)) continue;
    if (trace_.is_told()) trace_.tell(name() + " loses the nil of " + text_of(key));
    if (read(key)) {
      throw Violation(peers_.at(link).name + " makes " + name() + " forget " + text_of(key) +
                      ", which has a value there");
    }
    storage_.forget(key);
    data_lost_();
  }
}

}  // namespace groot::sim
