#include "cnode/process/process_error.hpp"

#include <set>
#include <string>

#include <doctest/doctest.h>

namespace groot::process {

TEST_CASE("every process error has a text of its own") {
  std::set<std::string> texts;
  for (int code = static_cast<int>(process_errc::bad_register);
       code <= static_cast<int>(process_errc::cannot_be_asked); ++code) {
    texts.insert(make_error_code(static_cast<process_errc>(code)).message());
  }
  CHECK(texts.size() == 11);
  CHECK_FALSE(texts.contains("unknown process error"));
  CHECK(process_category().message(99) == "unknown process error");
  CHECK(std::string(process_category().name()) == "process");
}

}  // namespace groot::process
