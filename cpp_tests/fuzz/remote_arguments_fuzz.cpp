// Invariants: whatever a remote function is called with, it is answered exactly once, at once or
// when what it waits for is over, and an own write stands.
//
// Input: "Module Function" and a line's end, then the arguments as an encoded list.
#include <string>
#include <string_view>

#include "cpp_tests/fuzz/asserts.hpp"
#include "cpp_tests/process/script.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_scan.hpp"

using namespace groot;
using namespace groot::process;
using namespace groot::process::testing;
using ei_codec::atom;

namespace {

int exits(Script& script, const Reference& request) {
  int found = 0;
  for (const Sent& sent : script.take_sent_as<dist::MonitorPExit>()) {
    if (sent.get<dist::MonitorPExit>()->ref == request) ++found;
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::use_asserts();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line_end = input.find('\n');
  const std::size_t space = input.find(' ');
  if (line_end == std::string_view::npos || space >= line_end || line_end > 200) return 0;
  const Bytes bytes(data + line_end + 1, data + size);
  const auto scanned = ei_codec::scan_whole_term(bytes);
  if (!scanned) return 0;
  const auto arguments = ei_codec::decode_term(*scanned);
  if (!arguments) return 0;

  Script script;
  const LinkId link = script.quiet_up("a@h");
  dist::SpawnRequest request;
  request.request = script.new_reference(link);
  request.from = script.pid_of(link);
  request.group_leader = script.pid_of(link, 60);
  request.module = "erpc";
  request.function = "execute_call";
  request.arity = 4;
  request.monitor = true;
  const Reference res = script.new_reference(link);
  const auto module = ei_codec::parse_term(input.substr(0, space), ei_codec::Syntax::erlang);
  const auto function =
      ei_codec::parse_term(input.substr(space + 1, line_end - space - 1), ei_codec::Syntax::erlang);
  if (!module || !function || module->get_if<Atom>() == nullptr ||
      function->get_if<Atom>() == nullptr) {
    return 0;
  }
  script.receive(link, request, ei_codec::list({res, *module, *function, *arguments}));
  int answers = exits(script, request.request);
  for (const ConnectOnce& ask : script.take_actions_as<ConnectOnce>()) {
    script.router.connect_failed(ask.peer, ask.asker, script.now);
  }
  script.pass(60'000);
  answers += exits(script, request.request);
  REQUIRE(answers == 1);
  script.set("fuzz_end", "written");
  REQUIRE(script.get("fuzz_end") == "written");
  return 0;
}
