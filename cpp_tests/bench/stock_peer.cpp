#include "cpp_tests/bench/stock_peer.hpp"

#include <utility>

#include "ei_codec/term.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::bench {
namespace {

using ei_codec::atom;
using ei_codec::Term;

constexpr dist::LinkId link = 1;

process::RouterOptions options() {
  return {.self = *dist::NodeName::parse("bench@127.0.0.1"),
          .creation = 4,
          .hidden_feed = process::HiddenFeed::off,
          .random = [] { return std::uint64_t{7}; }};
}

}  // namespace

StockPeer::StockPeer()
    : replica_(store::ReplicaOptions{.node_id = 1}), router_(options(), replica_) {
  replica_.report_changes(false);  // as in a node without listeners
  router_.peer_up(link, {*dist::NodeName::parse("peer@127.0.0.1"), 4, dist::hidden_flags}, now_);
  perform();
}

void StockPeer::deliver(const dist::Frame& frame) {
  router_.receive(link, frame, now_);
  perform();
}

bool StockPeer::set(ei_codec::ByteView key, ei_codec::ByteView value) {
  store::Effects effects;
  if (!replica_.set(key, value, std::nullopt, now_, effects)) return false;
  router_.perform(std::move(effects), now_);
  perform();
  return true;
}

void StockPeer::perform() {
  for (auto actions = router_.take_actions(); !actions.empty(); actions = router_.take_actions()) {
    for (const process::Action& action : actions) {
      if (const auto* sent = std::get_if<process::SendFrame>(&action)) {
        answer(sent->control, sent->message);
      } else if (const auto* same = std::get_if<process::SendFrames>(&action)) {
        answer(same->control, same->message);
      }
    }
  }
}

void StockPeer::answer(const dist::Control& control, const dist::SharedMessage& message) {
  ++sent_;
  if (const auto* monitor = std::get_if<dist::MonitorP>(&control)) {
    // The storage process lives; a node of this project's own process is not there.
    if (monitor->to == dist::Target(storage_pid())) return;
    end({monitor->to, monitor->from, monitor->ref}, atom("noproc"));
  } else if (const auto* request = std::get_if<dist::SpawnRequest>(&control)) {
    ei_codec::Bytes arguments;
    message.append_to(arguments);
    answer(*request, arguments);
  }
}

void StockPeer::answer(const dist::SpawnRequest& request, ei_codec::ByteView arguments) {
  const auto list = decode_term(ei_codec::ScannedTerm::trusted(arguments));
  const auto& elements = list->get_if<ei_codec::List>()->elements;
  Term value = atom("undefined");
  if (elements[2].is_atom("whereis")) value = storage_pid();
  if (elements[2].is_atom("function_exported")) {
    value = ei_codec::boolean(false);
    known_ = true;
  }
  const dist::Pid worker{storage_pid().node, 5'000, 0, 4};
  router_.receive(link, {dist::SpawnReply{request.request, request.from, false, true, worker}, {}},
                  now_);
  end({worker, request.from, request.request},
      ei_codec::tuple({elements[0], atom("return"), std::move(value)}));
}

void StockPeer::end(const dist::MonitorPExit& exit, const Term& reason) {
  const ei_codec::Bytes bytes = encode_term(reason);
  router_.receive(link, {exit, ei_codec::ScannedTerm::trusted(bytes)}, now_);
}

}  // namespace groot::bench
