// Invariants: whatever peers say, ask and answer, in whatever order, and whoever comes and goes
// meanwhile, the router neither ends nor spins, and a write of our own is readable and stands.
//
// Input: a step a line, its words in Erlang's syntax:
//   up N | down N              a peer; 0 to 2 visible BEAMs, 3 to 5 nodes of ours, 6 a C node
//   pass N                     2^N ms
//   send|cast|call N Name Term to a registered name
//   ask N Module Function List erpc:call
//   answer N Term              to what the peer was asked last
//   monitor N Name
//   set Key Value | erase Key
#include <array>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "cnode/process/gen_message.hpp"
#include "cpp_tests/fuzz/asserts.hpp"
#include "cpp_tests/process/script.hpp"
#include "ei_codec/term_encode.hpp"

using namespace groot;
using namespace groot::process;
using namespace groot::process::testing;
using ei_codec::atom;
using ei_codec::tuple;

namespace {

constexpr std::size_t steps_max = 64;
constexpr std::size_t pass_exponent_max = 14;
constexpr std::size_t peers_max = 7;
constexpr std::size_t c_node = 6;

std::optional<Term> parse(std::string_view text) {
  auto parsed = ei_codec::parse_term(text, ei_codec::Syntax::erlang);
  return parsed ? std::optional<Term>(*std::move(parsed)) : std::nullopt;
}

class Play {
 public:
  void step(const std::string& line) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "set" || what == "erase") return write(what, words);
    std::size_t number = 0;
    if (!(words >> number)) return;
    if (what == "pass") return script_.pass(std::int64_t{1} << (number % (pass_exponent_max + 1)));
    Peer& peer = peers_[number % peers_max];
    if (what == "up") return up(peer, number % peers_max);
    if (peer.link == 0) return;
    if (what == "down") return down(peer);
    speak(peer, what, words);
    look();
  }

  void end() {
    script_.set("fuzz_end", "written");
    look();
    script_.pass(1'000);
    REQUIRE(script_.get("fuzz_end") == "written");
    script_.router.stop(script_.now);
    (void)script_.take_sent();
  }

 private:
  struct Peer {
    LinkId link = 0;
    std::optional<Sent> asked;
  };

  void up(Peer& peer, std::size_t number) {
    if (peer.link != 0) return;
    const std::string name = "n" + std::to_string(number) + "@h";
    if (number == c_node) {
      peer.link = script_.up(name, dist::Flags(0));
    } else {
      peer.link = script_.up(name, number < 3);
    }
    look();
  }
  void down(Peer& peer) {
    script_.down(std::exchange(peer.link, 0), peer.asked.has_value());
    peer.asked.reset();
  }
  void write(const std::string& what, std::istringstream& words) {
    std::string key;
    std::string value;
    words >> key;
    std::getline(words, value);
    const auto key_term = parse(key);
    const auto value_term = parse(value);
    if (!key_term) return;
    store::Effects effects;
    const Bytes encoded_key = encode_term(*key_term);
    if (what == "erase") {
      (void)script_.replica.erase(encoded_key, script_.now, effects);
    } else if (value_term) {
      (void)script_.replica.set(encoded_key, encode_term(*value_term), std::nullopt, script_.now,
                                effects);
    }
    script_.router.perform(std::move(effects), script_.now);
    look();
  }
  void speak(Peer& peer, const std::string& what, std::istringstream& words) {
    std::string name;
    if (what == "answer") {
      std::string text;
      std::getline(words, text);
      if (const auto term = parse(text)) answer(peer, *term);
      return;
    }
    words >> name;
    const auto named = parse(name);
    const auto* const target = named ? named->get_if<Atom>() : nullptr;
    if (target == nullptr) return;
    const Pid from = script_.pid_of(peer.link);
    if (what == "monitor") {
      script_.receive(peer.link, dist::MonitorP{from, *target, script_.new_reference(peer.link)});
      return;
    }
    std::string function;
    if (what == "ask") words >> function;
    std::string text;
    std::getline(words, text);
    const auto term = parse(text);
    if (!term) return;
    if (what == "send") script_.receive(peer.link, dist::RegSend{from, target->name}, *term);
    if (what == "cast") script_.cast(peer.link, target->name, *term);
    if (what == "call") {
      const Term tag = ei_codec::List{{atom("alias")}, {Term(script_.new_reference(peer.link))}};
      script_.receive(peer.link, dist::RegSend{from, target->name},
                      tuple({atom("$gen_call"), tuple({Term(from), tag}), *term}));
    }
    if (what == "ask") ask(peer, target->name, function, *term);
  }
  void ask(Peer& peer, const std::string& module, const std::string& function, const Term& args) {
    dist::SpawnRequest request;
    request.request = script_.new_reference(peer.link);
    request.from = script_.pid_of(peer.link);
    request.group_leader = script_.pid_of(peer.link, 60);
    request.module = "erpc";
    request.function = "execute_call";
    request.arity = 4;
    request.monitor = true;
    script_.receive(
        peer.link, request,
        ei_codec::list({script_.new_reference(peer.link), atom(module), atom(function), args}));
  }
  void answer(Peer& peer, const Term& term) {
    if (!peer.asked) return;
    const Sent asked = *std::exchange(peer.asked, std::nullopt);
    if (const auto* const spawn = asked.get<dist::SpawnRequest>()) {
      const Pid worker = script_.pid_of(peer.link, 90);
      script_.receive(peer.link, dist::SpawnReply{.request = spawn->request,
                                                  .to = spawn->from,
                                                  .linked = false,
                                                  .monitored = true,
                                                  .result = worker});
      const auto* const list = asked.message.get_if<ei_codec::List>();
      const Term ref = list != nullptr && !list->elements.empty() ? list->elements[0] : Term(0);
      script_.receive(peer.link, dist::MonitorPExit{worker, spawn->from, spawn->request},
                      tuple({ref, atom("return"), term}));
    } else if (const auto* const monitor = asked.get<dist::MonitorP>()) {
      script_.receive(peer.link, dist::MonitorPExit{monitor->to, monitor->from, monitor->ref},
                      term);
    } else {
      const Bytes message = encode_term(asked.message);
      const auto gen = read_gen_message(peer.link, ei_codec::ScannedTerm::trusted(message));
      const auto* const call = std::get_if<GenCall>(&gen);
      if (call == nullptr || !call->from.alias) return;
      script_.receive(peer.link, dist::AliasSend{script_.pid_of(peer.link), *call->from.alias},
                      tuple({decoded(call->from.tag), term}));
    }
  }
  // What was sent, and who was asked something by it.
  void look() {
    for (Sent& sent : script_.take_sent()) {
      for (Peer& peer : peers_) {
        if (peer.link != 0 && peer.link == sent.link && !sent.get<dist::DemonitorP>()) {
          peer.asked = sent;
        }
      }
    }
  }

  Script script_{HiddenFeed::announce};
  std::array<Peer, peers_max> peers_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::use_asserts();
  std::istringstream lines(std::string(data, data + size));
  Play play;
  std::string line;
  for (std::size_t i = 0; i < steps_max && std::getline(lines, line); ++i) play.step(line);
  play.end();
  return 0;
}
