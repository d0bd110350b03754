#include "cnode/process/net_kernel_process.hpp"

#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

TEST_CASE("ping: {is_auth, Node} is answered yes, anything else readably") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  CHECK(text(s.call(link, "net_kernel", erl("{is_auth,'a@h'}"))) == "yes");
  for (const std::string_view other : {"is_auth", "{is_auth,a,b}", "{connect,normal,a}", "[]"}) {
    CHECK(text(s.call(link, "net_kernel", erl(other))).starts_with("{error,"));
  }
}

}  // namespace
}  // namespace groot::process
