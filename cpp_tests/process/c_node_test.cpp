// A C node that is made with erl_interface: it calls us, and understands nothing of what nodes ask
// each other.
#include <algorithm>

#include "cnode/process/limits.hpp"
#include "fake_stock.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::tuple;

// What the two of us agree on with erl_interface of OTP 25 and later.
constexpr dist::Flags ei_flags = dist::Flags{0x407074f9c} & dist::hidden_flags;

std::ptrdiff_t frames_to(LinkId link, const std::vector<Sent>& sent) {
  return std::ranges::count(sent, link, &Sent::link);
}

// A node of ours, for which everything that is written here is meant.
LinkId node_of_ours_up(Script& s) {
  const LinkId link = s.up("ours@h");
  for (const Sent& sent : s.take_sent_as<dist::RegSend>()) {
    if (sent.link != link) continue;
    const auto& from = sent.message.get_if<ei_codec::Tuple>()->elements.at(1);
    const auto& parts = from.get_if<ei_codec::Tuple>()->elements;
    s.receive(link, dist::Send{s.pid_of(link), *parts.at(0).get_if<Pid>()},
              tuple({parts.at(1), erl("{hello,1}")}));
  }
  return link;
}

// What answers a message to a registered name: one SEND to the caller, whatever it carries.
std::string answer(Script& s, LinkId link, std::string_view name, const Term& message) {
  s.receive(link, dist::RegSend{s.pid_of(link), std::string(name)}, message);
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  const auto* send = sent[0].get<dist::Send>();
  REQUIRE(send);
  CHECK(sent[0].link == link);
  CHECK(send->to == s.pid_of(link));
  return text(sent[0].message);
}

std::string call(Script& s, LinkId link, std::string_view name, std::string_view request) {
  return answer(s, link, name,
                tuple({atom("$gen_call"), tuple({Term(s.pid_of(link)), erl("7")}), erl(request)}));
}

TEST_CASE("a C node is sent nothing that it did not ask for") {
  for (const HiddenFeed feed : {HiddenFeed::off, HiddenFeed::announce, HiddenFeed::tap}) {
    Script s(feed);
    const LinkId ours = node_of_ours_up(s);
    const LinkId link = s.up("c1@h", ei_flags);
    CHECK(frames_to(link, s.take_sent()) == 0);
    s.cast(link, "Elixir.Groot.Storage",
           tuple({atom("update_register"), register_term(erl("theirs"), erl("v"), 1)}));
    CHECK(s.get("theirs") == "v");
    s.set("ours", "v");
    store::Effects effects;
    REQUIRE(s.replica.erase(encoded("theirs"), s.now, effects));
    REQUIRE(s.replica.set(encoded("short"), encoded("v"), 1'000, s.now, effects));
    s.router.perform(std::move(effects), s.now);
    s.pass(3'600'000);
    const auto sent = s.take_sent();
    CHECK(frames_to(ours, sent) > 0);
    CHECK(frames_to(link, sent) == 0);
    const auto about_it = [](const std::string& line) { return line.starts_with("c1@h"); };
    CHECK(std::ranges::none_of(s.take_warnings(), about_it));
    s.down(link);
    CHECK(s.take_sent().empty());
  }
}

TEST_CASE("what a C node asks is answered") {
  Script s;
  const LinkId link = s.up("c1@h", ei_flags);
  CHECK(call(s, link, "Elixir.Groot.Storage", "{set,k,[1,2]}") == "{7,ok}");
  CHECK(call(s, link, "Elixir.Groot.Storage", "{get,k}") == "{7,[1,2]}");
  CHECK(call(s, link, "net_kernel", "{is_auth,'c1@h'}") == "{7,yes}");
  CHECK(answer(s, link, "rex",
               tuple({Term(s.pid_of(link)), erl("{call,'Elixir.Groot',get,[k],user}")})) ==
        "{rex,[1,2]}");
  // For a BEAM this one takes a question back.
  CHECK(answer(s, link, "Elixir.Groot.Clock",
               tuple({atom("system"), tuple({Term(s.pid_of(link)), erl("7")}), atom("get_state")}))
            .starts_with("{7,{ok,#{node_id => 1"));
}

TEST_CASE("a C node in the place of a stock node is none, whatever it claims to be") {
  Script s(HiddenFeed::announce);
  FakeStock stock(s, "a@h", Runs::groot_with_delete);
  stock.settle();
  const Pid storage = stock.storage();
  stock.cut();
  (void)s.take_sent();
  const LinkId link = s.up("a@h", ei_flags);
  const Term reg = register_term(erl("k"), erl("v"), 1);
  s.receive(link, dist::RegSend{storage, "Elixir.Groot.Storage"},
            tuple({atom("$gen_cast"),
                   tuple({atom("update_registers"), ei_codec::map({{erl("k"), reg}})})}));
  CHECK(s.get("k") == "v");
  s.set("k", "w");
  s.pass(3'600'000);
  CHECK(s.take_sent().empty());
}

}  // namespace
}  // namespace groot::process
