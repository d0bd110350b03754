#include "cnode/process/gen_message.hpp"

#include "ei_codec/term_encode.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::List;
using ei_codec::tuple;

const Reference ref_a{{"peer@h"}, 9, {1, 2, 3}};
const Reference ref_b{{"peer@h"}, 9, {4, 5, 6, 7, 8}};
const Pid caller{{"peer@h"}, 88, 0, 9};

Term alias_tag(const Reference& ref) {
  return List{{atom("alias")}, {Term(ref)}};
}

// Sends a {hello, 1} with this tag; what comes back, and by which operation.
Sent answer_to(const Term& tag) {
  Script s;
  const LinkId link = s.quiet_up("peer@h");
  s.receive(link, dist::RegSend{caller, "Elixir.Groot.Peer"},
            tuple({atom("$gen_call"), tuple({Term(caller), tag}), erl("{hello,1}")}));
  const auto sent = s.take_sent();
  REQUIRE(sent.size() == 1);
  const auto* pair = sent[0].message.get_if<ei_codec::Tuple>();
  REQUIRE(pair);
  CHECK(pair->elements.at(0) == tag);
  CHECK(text(pair->elements.at(1)).starts_with("{hello,"));
  return sent[0];
}

TEST_CASE("a reply goes to the alias in the tag, else to the pid; the tag is echoed") {
  // gen_server:call since OTP 24
  const Sent by_alias = answer_to(alias_tag(ref_b));
  REQUIRE(by_alias.get<dist::AliasSend>());
  CHECK(by_alias.get<dist::AliasSend>()->to == ref_b);
  // multi_call since OTP 26
  const Sent multi = answer_to(List{{alias_tag(ref_a)}, {Term(ref_b)}});
  REQUIRE(multi.get<dist::AliasSend>());
  CHECK(multi.get<dist::AliasSend>()->to == ref_a);
  // a plain reference, multi_call of OTP 25, and anything else
  for (const Term& tag :
       {Term(ref_a), tuple({Term(ref_a), atom("us@127.0.0.1")}), atom("x"), erl("[a,b]"),
        Term(List{{atom("alias")}, {atom("no_reference")}}), erl("[alias]"), erl("[[],a]")}) {
    const Sent to_pid = answer_to(tag);
    REQUIRE(to_pid.get<dist::Send>());
    CHECK(to_pid.get<dist::Send>()->to == caller);
  }
}

TEST_CASE("the tag's bytes are not touched") {
  // An atom with its old tag, which no encoder of ours writes.
  Bytes message{104, 3};
  encode_term(atom("$gen_call"), message);
  message.insert(message.end(), {104, 2});
  encode_term(Term(caller), message);
  const Bytes tag{100, 0, 1, 'x'};
  message.insert(message.end(), tag.begin(), tag.end());
  encode_term(atom("request"), message);
  const auto read = read_gen_message(3, ScannedTerm::trusted(message));
  const auto* call = std::get_if<GenCall>(&read);
  REQUIRE(call);
  CHECK(call->from.tag == tag);
  CHECK(call->from.pid == caller);
  CHECK(call->from.link == 3);
  CHECK(text(call->request.bytes()) == "request");
}

TEST_CASE("envelopes and what is none") {
  const auto kind = [](const Term& term) {
    const Bytes bytes = encode_term(term);
    return read_gen_message(1, ScannedTerm::trusted(bytes)).index();
  };
  const Term from = tuple({Term(caller), Term(ref_a)});
  CHECK(kind(tuple({atom("$gen_call"), from, atom("x")})) == 0);
  CHECK(kind(tuple({atom("$gen_cast"), atom("x")})) == 1);
  CHECK(kind(tuple({atom("system"), from, atom("get_state")})) == 2);
  for (const Term& plain :
       {atom("$gen_cast"), tuple({atom("$gen_call"), atom("x"), atom("y")}),
        tuple({atom("$gen_call"), from}), tuple({atom("$gen_cast"), atom("x"), atom("y")}),
        tuple({atom("$gen_call"), tuple({atom("no_pid"), Term(ref_a)}), atom("y")}), tuple({}),
        erl("{nodeup,a}"), erl("[]")}) {
    CHECK(kind(plain) == 3);
  }
}

TEST_CASE("requests are named in logs without what is in them") {
  const auto name_of = [](std::string_view term) {
    const Bytes bytes = encoded(term);
    return request_name(ScannedTerm::trusted(bytes));
  };
  CHECK(name_of("reset") == "reset");
  CHECK(name_of("{set,secret,1}") == "{set} of 3");
  CHECK(name_of("{1,secret}") == "{_} of 2");
  CHECK(name_of("{}") == "{}");
  CHECK(name_of("[secret]") == "a term");
}

}  // namespace
}  // namespace groot::process
