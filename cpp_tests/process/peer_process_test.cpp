#include "cnode/process/peer_process.hpp"

#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

TEST_CASE("nodes of this kind greet each other") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  CHECK(text(s.call(link, peer_process_name, erl("{hello,1}"))) == "{hello,2}");
  CHECK(text(s.call(link, peer_process_name, erl("{hello,2}"))) == "{hello,2}");
  for (const std::string_view other : {"hello", "{hello,a}", "{hello}", "{hello,1,2}"}) {
    CHECK(text(s.call(link, peer_process_name, erl(other))).starts_with("{error,"));
  }
}

}  // namespace
}  // namespace groot::process
