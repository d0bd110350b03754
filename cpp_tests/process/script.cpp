#include "script.hpp"

#include <algorithm>
#include <utility>

#include "cpp_tests/support/actions.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot::process::testing {
namespace {

using ei_codec::atom;
using ei_codec::tuple;

constexpr std::uint32_t own_creation = 7;
constexpr std::uint32_t peer_creation = 9;

RouterOptions options(HiddenFeed feed, const std::string& name, RemoteAdmin admin, Saving saving) {
  RouterOptions made;
  made.self = node(name);
  made.creation = own_creation;
  made.hidden_feed = feed;
  made.remote_admin = admin;
  made.saving = saving;
  made.random = [count = std::uint64_t{0}]() mutable { return ++count; };
  return made;
}

RouterOptions with_earlier(RouterOptions options, store::Replica& replica, const Earlier& earlier,
                           const Now& now) {
  if (earlier.load) earlier.load(replica, now);
  options.kept_peers = earlier.kept_peers;
  options.memory_id = earlier.memory_id;
  options.connect = earlier.connect;
  return options;
}

store::ReplicaOptions with_node_id(store::ReplicaOptions options, std::uint64_t node_id) {
  options.node_id = node_id;
  return options;
}

// What the other end reads of a frame. `bytes` must outlive it.
dist::Frame over_the_wire(const Control& control, ByteView message, Bytes& bytes) {
  dist::encode_frame(control, message, dist::hidden_flags, bytes);
  auto frame = dist::decode_terms(ByteView(bytes).subspan(7));
  REQUIRE_MESSAGE(frame, frame.error().text());
  return *std::move(frame);
}

}  // namespace

NodeName node(std::string_view name) {
  auto parsed = NodeName::parse(name);
  REQUIRE(parsed);
  return *std::move(parsed);
}

Term erl(std::string_view text) {
  auto parsed = ei_codec::parse_term(text, ei_codec::Syntax::erlang);
  REQUIRE_MESSAGE(parsed, text);
  return *std::move(parsed);
}

Bytes encoded(std::string_view text) {
  return encode_term(erl(text));
}
std::string text(const Term& term) {
  return to_text(term, ei_codec::Syntax::erlang);
}
std::string text(ByteView encoded) {
  return text(decoded(encoded));
}

Term decoded(ByteView encoded) {
  const auto scanned = ei_codec::scan_whole_term(encoded);
  REQUIRE(scanned);
  auto term = decode_term(*scanned);
  REQUIRE_MESSAGE(term, term.error().text());
  return *std::move(term);
}
Bytes whole(const SharedMessage& message) {
  Bytes bytes;
  message.append_to(bytes);
  return bytes;
}

Term stamp_term(std::uint64_t time, std::uint64_t counter, std::uint64_t node_id) {
  using ei_codec::unsigned_integer;
  return ei_codec::map({{atom("__struct__"), atom("Elixir.HLClock.Timestamp")},
                        {atom("time"), unsigned_integer(time)},
                        {atom("counter"), unsigned_integer(counter)},
                        {atom("node_id"), unsigned_integer(node_id)}});
}

Term register_term(const Term& key, const Term& value, std::uint64_t time, std::uint64_t counter,
                   std::uint64_t node_id) {
  return ei_codec::map({{atom("key"), key},
                        {atom("value"), value},
                        {atom("hlc"), stamp_term(time, counter, node_id)}});
}

Script::Script(HiddenFeed feed, const std::string& name, std::uint64_t node_id, RemoteAdmin admin,
               Saving saving, const store::ReplicaOptions& replica_options, const Earlier& earlier)
    : replica(with_node_id(replica_options, node_id)),
      router(with_earlier(options(feed, name, admin, saving), replica, earlier, now), replica),
      name_(name) {
  if (saving != Saving::off) replica.keep_journal();
}

LinkId Script::up(const std::string& name, bool visible) {
  return up(name, dist::offered_flags(visible));
}

LinkId Script::up(const std::string& name, dist::Flags negotiated) {
  const LinkId link = link_names_.size();
  link_names_.push_back(name);
  router.peer_up(link, {node(name), peer_creation, negotiated}, now);
  return link;
}

LinkId Script::quiet_up(const std::string& name) {
  const LinkId link = up(name);
  (void)take_sent();
  return link;
}

void Script::down(LinkId link, bool left) {
  router.peer_down(link, Error{dist::make_error_code(dist::dist_errc::peer_closed), ""}, left, now);
}

void Script::receive(LinkId link, const Control& control) {
  receive_bytes(link, control, {});
}

void Script::receive(LinkId link, const Control& control, const Term& message) {
  receive_bytes(link, control, encode_term(message));
}

void Script::receive_bytes(LinkId link, const Control& control, ByteView message) {
  Bytes bytes;
  router.receive(link, over_the_wire(control, message, bytes), now);
}

void Script::cast(LinkId link, std::string_view name, const Term& message) {
  receive(link, dist::RegSend{pid_of(link), std::string(name)},
          tuple({atom("$gen_cast"), message}));
}

Term Script::call(LinkId link, std::string_view name, const Term& request) {
  (void)take_sent();
  const Reference ref = new_reference(link);
  const Term tag = ei_codec::List{{atom("alias")}, {Term(ref)}};
  const Pid caller = pid_of(link);
  receive(link, dist::MonitorP{caller, Atom{std::string(name)}, ref});
  receive(link, dist::RegSend{caller, std::string(name)},
          tuple({atom("$gen_call"), tuple({Term(caller), tag}), request}));
  const auto sent = take_sent();
  REQUIRE(sent.size() == 1);
  const auto* reply = sent[0].get<dist::AliasSend>();
  REQUIRE(reply);
  CHECK(reply->to == ref);
  const auto* pair = sent[0].message.get_if<ei_codec::Tuple>();
  REQUIRE(pair);
  REQUIRE(pair->elements.size() == 2);
  CHECK(pair->elements[0] == tag);
  return pair->elements[1];
}

Term Script::rpc(LinkId link, std::string_view module, std::string_view function,
                 std::vector<Term> arguments) {
  (void)take_sent();
  const Term res = new_reference(link);
  dist::SpawnRequest request;
  request.request = new_reference(link);
  request.from = pid_of(link);
  request.group_leader = pid_of(link, 60);
  request.module = "erpc";
  request.function = "execute_call";
  request.arity = 4;
  request.monitor = true;
  receive(
      link, request,
      ei_codec::list({res, atom(module), atom(function), ei_codec::list(std::move(arguments))}));
  const auto sent = take_sent();
  REQUIRE(sent.size() >= 2);
  const auto* reply = sent.front().get<dist::SpawnReply>();
  REQUIRE(reply);
  CHECK(reply->request == request.request);
  CHECK(reply->monitored);
  const auto* exit = sent.back().get<dist::MonitorPExit>();
  REQUIRE(exit);
  CHECK(exit->ref == request.request);
  CHECK(exit->from == reply->result);
  const auto* reason = sent.back().message.get_if<ei_codec::Tuple>();
  REQUIRE(reason);
  CHECK(reason->elements.at(0) == res);
  return tuple({reason->elements.begin() + 1, reason->elements.end()});
}

std::string Script::rpc_text(LinkId link, std::string_view module, std::string_view function,
                             std::string_view arguments) {
  const Term ended = rpc(link, module, function, erl(arguments).get_if<ei_codec::List>()->elements);
  const auto& elements = ended.get_if<ei_codec::Tuple>()->elements;
  return elements.at(0).is_atom("return") ? text(elements.at(1)) : text(ended);
}

void Script::pass(std::int64_t milliseconds) {
  const std::int64_t end = now.monotonic_ms + milliseconds;
  while (true) {
    const auto next = router.next_wake_ms(now);
    REQUIRE(next);
    const std::int64_t at = std::max(*next, now.monotonic_ms);
    if (at > end) break;
    now.wall_ms += at - now.monotonic_ms;
    now.monotonic_ms = at;
    router.wake(now);
    collect();  // the lines of this instant
    // What is due now is done now: a router that asks for the same instant again would spin.
    REQUIRE(router.next_wake_ms(now) > now.monotonic_ms);
  }
  now.wall_ms += end - now.monotonic_ms;
  now.monotonic_ms = end;
}

void Script::collect() {
  std::vector<LinkId> awaiting;
  do {
    for (const LinkId link : std::exchange(awaiting, {})) router.room(link, now);
    collect_once(awaiting);
  } while (has_room && !awaiting.empty());
  awaiting_room.insert(awaiting_room.end(), awaiting.begin(), awaiting.end());
}

void Script::collect_once(std::vector<LinkId>& awaiting) {
  for (Action& action : groot::testing::one_by_one(router.take_actions())) {
    if (const auto* await = std::get_if<AwaitRoom>(&action)) {
      awaiting.push_back(await->link);
      continue;
    }
    const auto* frame = std::get_if<SendFrame>(&action);
    auto* const line = std::get_if<LogLine>(&action);
    if (line && !throttle_.admit(*line, now.monotonic_ms)) continue;
    if (!frame) {
      actions_.push_back(std::move(action));
      continue;
    }
    Bytes bytes;
    const dist::Frame received = over_the_wire(frame->control, whole(frame->message), bytes);
    sent_.push_back({frame->link, received.control,
                     received.message ? decoded(received.message->bytes()) : Term(), bytes.size()});
  }
}

std::vector<Sent> Script::take_sent() {
  collect();
  return std::exchange(sent_, {});
}

std::vector<std::string> Script::take_warnings() {
  std::vector<std::string> lines;
  for (const LogLine& line : take_actions_as<LogLine>()) {
    if (line.level >= LogLine::Level::warning) lines.push_back(line.text);
  }
  return lines;
}

std::string Script::get(std::string_view key) const {
  const auto reg = replica.get(encoded(key), now.wall_ms);
  return reg ? text(reg->value()) : "none";
}

void Script::set(std::string_view key, std::string_view value) {
  store::Effects effects;
  REQUIRE(replica.set(encoded(key), encoded(value), std::nullopt, now, effects));
  router.perform(std::move(effects), now);
}

Pid Script::pid_of(LinkId link, std::uint32_t id) const {
  return {{link_names_.at(link)}, id, 0, peer_creation};
}

Pid Script::own_pid(ServedPid served) const {
  return {{name_}, static_cast<std::uint32_t>(served), 0, own_creation};
}

Reference Script::new_reference(LinkId link) {
  return {{link_names_.at(link)}, peer_creation, {++references_, 2, 3}};
}

}  // namespace groot::process::testing
