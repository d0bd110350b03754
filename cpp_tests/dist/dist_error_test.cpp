#include "cnode/dist/dist_error.hpp"

#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace groot::dist;

TEST_CASE("every error has words of its own") {
  std::set<std::string> messages;
  int count = 0;
  for (int code = static_cast<int>(dist_errc::bad_node_name);
       code <= static_cast<int>(dist_errc::name_taken); ++code, ++count) {
    const std::error_code error = make_error_code(static_cast<dist_errc>(code));
    CHECK(error.message().find("unknown distribution error") == std::string::npos);
    messages.insert(error.message());
  }
  CHECK(messages.size() == static_cast<std::size_t>(count));
  CHECK(dist_category().message(9'999) == "unknown distribution error 9999");
}
