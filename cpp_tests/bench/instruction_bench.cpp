// What is measured by counting instructions, which repeats where time does not:
// scripts/instructions runs it under callgrind, which counts what happens inside measured().
//
//   instruction_bench merge | set | get | call
//
// merge: a full state of 2,000 registers, none held, from the bytes of its frames. set: 2,000
// writes of a program that embeds the node, each to the frame that a peer is sent. get: 2,000 reads
// of one. call: 2,000 GenServer.calls that set, each from the bytes of its message to the reply.
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cnode/stored_term.hpp"
#include "cpp_tests/bench/full_state.hpp"
#include "ei_codec/term_encode.hpp"

namespace {

using namespace groot;
using namespace groot::ei_codec;

constexpr std::uint32_t repeats = 2'000;

Term key_of(std::uint32_t i) {
  return binary("session_" + std::to_string(100'000 + i));
}

// The end of a figure: whether it did what it should.
using Work = std::function<bool()>;

Work merge(bench::StockPeer& peer) {
  return [&peer, stream = bench::as_stream(bench::full_state(repeats))] {
    return bench::receive(stream, peer) && peer.replica().size() == repeats;
  };
}

Work set(bench::StockPeer& peer) {
  std::vector<Bytes> keys;
  for (std::uint32_t i = 0; i < repeats; ++i) keys.push_back(encode_term(key_of(i)));
  return [&peer, keys, value = encode_term(Term(1)), before = peer.sent()] {
    for (const Bytes& key : keys) {
      if (!peer.set(key, value)) return false;
    }
    return peer.sent() == before + repeats;
  };
}

Work get(bench::StockPeer& peer) {
  std::vector<Term> keys;
  const Bytes value = encode_term(binary(std::string(32, 'v')));
  for (std::uint32_t i = 0; i < repeats; ++i) {
    keys.push_back(key_of(i));
    if (!peer.set(encode_term(keys.back()), value)) return [] { return false; };
  }
  return [&peer, keys] {
    for (const Term& key : keys) {
      const Encoded encoded(key, key_bytes);
      const store::ReadSection section;
      const auto* reg = encoded ? peer.replica().find(section, encoded.bytes()) : nullptr;
      if (reg == nullptr || !decoded(reg->value())) return false;
    }
    return true;
  };
}

Work call(bench::StockPeer& peer) {
  std::vector<Bytes> messages;
  const Term from =
      tuple({bench::storage_pid(), Reference{bench::storage_pid().node, 4, {1, 2, 3}}});
  for (std::uint32_t i = 0; i < repeats; ++i) {
    messages.push_back(
        encode_term(tuple({atom("$gen_call"), from, tuple({atom("set"), key_of(i), 1})})));
  }
  return [&peer, messages, before = peer.sent()] {
    for (const Bytes& message : messages) {
      const auto scanned = scan_whole_term(message);
      if (!scanned) return false;
      peer.deliver({dist::RegSend{bench::storage_pid(), "Elixir.Groot.Storage"}, *scanned});
    }
    // A reply and an update each.
    return peer.sent() == before + 2 * repeats;
  };
}

std::optional<Work> find(std::string_view name, bench::StockPeer& peer) {
  if (name == "merge") return merge(peer);
  if (name == "set") return set(peer);
  if (name == "get") return get(peer);
  if (name == "call") return call(peer);
  return std::nullopt;
}

}  // namespace

extern "C" [[gnu::noinline]] bool measured(const Work& work) {
  return work();
}

int main(int argc, char** argv) {
  bench::StockPeer peer;
  const auto work = find(argc == 2 ? argv[1] : "", peer);
  if (!work) {
    std::fprintf(stderr, "usage: instruction_bench merge | set | get | call\n");
    return 1;
  }
  if (!peer.is_known() || !measured(*work)) {
    std::fprintf(stderr, "instruction_bench: %s did not do its work\n", argv[1]);
    return 1;
  }
  return 0;
}
