#include <algorithm>
#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/control.hpp"
#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/operation.hpp"
#include "cpp_tests/dist/control_samples.hpp"
#include "cpp_tests/dist/golden_file.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"

using namespace groot;
using namespace groot::dist;
using ei_codec::atom;
using ei_codec::tuple;

namespace {

Bytes frame_of(const Term& control, const std::optional<Term>& message = std::nullopt) {
  Bytes body{pass_through, 131};
  ei_codec::encode_term(control, body);
  if (message) {
    body.push_back(131);
    ei_codec::encode_term(*message, body);
  }
  return body;
}

}  // namespace

TEST_CASE("every operation decodes from the bytes of OTP") {
  for (const samples::Sample& sample : samples::all()) {
    CAPTURE(sample.frame);
    const Bytes body = golden::bytes(sample.frame);
    const auto frame = decode_frame(body);
    REQUIRE(frame);
    CHECK(samples::same(frame->control, sample.control));
    REQUIRE(frame->message.has_value() == sample.message.has_value());
    if (sample.message) CHECK(ei_codec::same_bytes(frame->message->bytes(), *sample.message));
    CHECK_FALSE(to_text(frame->control).empty());
  }
}

TEST_CASE("the message is a view of the frame, and is what was sent") {
  const Bytes body = golden::bytes("frame_reg_send");
  const auto frame = decode_frame(body);
  REQUIRE(frame->message);
  CHECK(frame->message->bytes().data() > body.data());
  CHECK(frame->message->bytes().data() + frame->message->size() == body.data() + body.size());
  CHECK(*ei_codec::decode_term(*frame->message) ==
        tuple({atom("hello"), ei_codec::list({1, 2, 3})}));
  // Arguments arrive as STRING_EXT.
  const Bytes spawn = golden::bytes("frame_spawn_request");
  CHECK(*ei_codec::decode_term(*decode_frame(spawn)->message) == ei_codec::list({1, 2}));
}

TEST_CASE("no strict prefix of a frame is a frame, nor is one with a byte more") {
  for (const samples::Sample& sample : samples::all()) {
    CAPTURE(sample.frame);
    const Bytes body = golden::bytes(sample.frame);
    for (std::size_t size = 0; size < body.size(); ++size) {
      CAPTURE(size);
      CHECK_FALSE(decode_frame(ByteView(body).first(size)));
    }
    Bytes longer = body;
    longer.push_back(131);
    CHECK_FALSE(decode_frame(longer));
  }
}

TEST_CASE("what a BEAM sends for a ping, a remote call, a link and a cast") {
  const auto live = [](const char* name) {
    static Bytes body;
    body = golden::bytes(name);
    auto frame = decode_frame(body);
    REQUIRE(frame);
    return *frame;
  };
  const Frame monitor = live("frame_live_monitor_name");
  CHECK(std::get<MonitorP>(monitor.control).to == Target(Atom{"net_kernel"}));
  CHECK(std::get<MonitorP>(monitor.control).from.node.name == "golden@localhost");
  CHECK(to_text(monitor.control) == "MONITOR_P to net_kernel");

  CHECK(std::get<RegSend>(live("frame_live_gen_call").control).to == "net_kernel");
  CHECK(std::get<DemonitorP>(live("frame_live_demonitor").control).to ==
        Target(Atom{"net_kernel"}));

  const SpawnRequest spawn = std::get<SpawnRequest>(live("frame_live_spawn_request").control);
  CHECK(spawn.module == "erpc");
  CHECK(spawn.function == "execute_call");
  CHECK(spawn.arity == 4);
  CHECK(spawn.monitor);
  CHECK_FALSE(spawn.link);
  CHECK(spawn.known_options);

  const Pid ours{{"peer@localhost"}, 7, 1, 0x10203040};
  CHECK(std::get<LinkTo>(live("frame_live_link").control).to == ours);
  const Frame exit = live("frame_live_exit");
  CHECK(std::get<Exit>(exit.control).to == ours);
  CHECK(*ei_codec::decode_term(*exit.message) == atom("done"));
  CHECK(to_text(live("frame_live_cast").control) == "REG_SEND to 'Elixir.Groot.Storage'");
}

TEST_CASE("operations that our flags do not allow are told apart from broken ones") {
  for (const int operation : {0, 5, 9, 10, 11, 14, 15, 17, 37, 38, 255}) {
    CAPTURE(operation);
    const auto frame = decode_frame(frame_of(tuple({operation, Term(samples::beam())})));
    CHECK(frame.error().code == dist_errc::unknown_operation);
  }
  const auto huge =
      decode_frame(frame_of(tuple({ei_codec::unsigned_integer(0x100000000 + 6), 1, 2, 3})));
  CHECK(huge.error().code == dist_errc::unknown_operation);
}

TEST_CASE("control messages of another shape are refused") {
  const Term beam(samples::beam());
  const Term peer(samples::peer());
  const Term ref(samples::reference());
  const Term empty = atom("");
  const Term call = tuple({atom("m"), atom("f"), 1});
  const std::vector<std::pair<Term, std::optional<Term>>> broken{
      {atom("link"), {}},
      {tuple({}), {}},
      {tuple({atom("link"), beam, peer}), {}},
      {tuple({-1, beam, peer}), {}},
      {tuple({1, beam}), {}},
      {tuple({1, beam, peer, peer}), {}},
      {tuple({1, beam, atom("name")}), {}},
      {tuple({1, beam, peer}), atom("message")},         // a message too many
      {tuple({6, beam, empty, atom("name")}), {}},       // one too few
      {tuple({6, beam, empty, peer}), atom("message")},  // a pid for a name
      {tuple({6, atom("a"), empty, atom("b")}), atom("message")},
      {tuple({19, beam, 1, ref}), {}},
      {tuple({19, beam, peer, peer}), {}},
      {tuple({24, beam, peer}), {}},
      {tuple({29, ref, beam, beam, atom("m"), ei_codec::list({})}), ei_codec::list({})},
      {tuple({29, ref, beam, beam, tuple({atom("m"), atom("f"), 256}), ei_codec::list({})}),
       ei_codec::list({})},
      {tuple({29, ref, beam, beam, tuple({atom("m"), 1, 1}), ei_codec::list({})}),
       ei_codec::list({})},
      {tuple({29, ref, beam, beam, call, ei_codec::list({})}), {}},
      {tuple({31, ref, peer, -1, beam}), {}},
      {tuple({31, ref, peer, 0, 7}), {}},
      {tuple({35, 0, beam, peer}), {}},  // no identifier of an unlink
      {tuple({35, -1, beam, peer}), {}},
      {tuple({36, 1, beam, ref}), {}},
  };
  for (const auto& [control, message] : broken) {
    const std::string text = ei_codec::to_text(control);
    CAPTURE(text);
    CHECK(decode_frame(frame_of(control, message)).error().code == dist_errc::bad_frame);
  }
  CHECK(decode_frame(Bytes{}).error().code == dist_errc::bad_frame);
  CHECK(decode_frame(Bytes{131, 68, 0}).error().code == dist_errc::bad_frame);
}

TEST_CASE("spawn options that are no proper list are not understood, but answered") {
  for (const Term& options :
       {atom("none"), ei_codec::list({1}), ei_codec::list({atom("monitor"), atom("what")}),
        Term(ei_codec::List{{atom("link")}, {atom("tail")}}),
        ei_codec::list({tuple({atom("what"), 1})}),
        ei_codec::list({tuple({atom("priority"), atom("low"), 1})})}) {
    CAPTURE(ei_codec::to_text(options));
    const Bytes body =
        frame_of(tuple({29, Term(samples::reference()), Term(samples::beam()),
                        Term(samples::beam()), tuple({atom("m"), atom("f"), 0}), options}),
                 ei_codec::list({}));
    const auto frame = decode_frame(body);
    REQUIRE(frame);
    CHECK_FALSE(std::get<SpawnRequest>(frame->control).known_options);
  }
}

TEST_CASE("a reason stays encoded, however deep") {
  Bytes body = golden::bytes("frame_payload_exit");
  body.resize(body.size() - 6);  // the atom boom
  const std::size_t depth = 2 * ei_codec::tree_depth_max;
  for (std::size_t i = 0; i < depth; ++i) {
    body.push_back(104);
    body.push_back(1);
  }
  body.push_back(106);
  const auto frame = decode_frame(body);
  REQUIRE(frame);
  CHECK(std::holds_alternative<Exit>(frame->control));
  CHECK(frame->message->size() == 2 * depth + 1);
}

TEST_CASE("identifiers of the old form are read") {
  // PID_EXT with a creation of 8 bits and a Latin-1 atom, as an old C node writes them.
  Bytes body{pass_through, 131, 104, 4, 97, 6, 103, 100, 0, 3,   'a', '@', 'b', 0,   0,  0,
             38,           0,   0,   0, 9,  2, 100, 0,   0, 100, 0,   1,   'n', 131, 97, 1};
  const auto frame = decode_frame(body);
  REQUIRE(frame);
  CHECK(std::get<RegSend>(frame->control).from == Pid{{"a@b"}, 38, 9, 2});
  CHECK(std::get<RegSend>(frame->control).to == "n");
}
