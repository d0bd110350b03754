#include "store/store_error.hpp"

#include <ostream>
#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace groot::store;

TEST_CASE("every store error says something of its own") {
  std::set<std::string> messages;
  for (const auto code :
       {store_errc::value_too_large, store_errc::key_too_large, store_errc::bad_expiry}) {
    const std::error_code error = code;
    CHECK(error);
    CHECK(error.category() == store_category());
    messages.insert(error.message());
  }
  CHECK(messages.size() == 3);
  CHECK(store_category().message(99) == "unknown store error 99");
  CHECK(std::string(store_category().name()) == "groot.store");
}
