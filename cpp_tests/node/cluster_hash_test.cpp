#include "cnode/cluster_hash.hpp"

#include <set>
#include <string>

#include <doctest/doctest.h>

using groot::cluster_hash;

TEST_CASE("one cookie, one secret; another cookie, another one") {
  const auto first = cluster_hash("cookie");
  CHECK(first.secret.words == cluster_hash("cookie").secret.words);
  CHECK(first.check == cluster_hash("cookie").check);
  std::set<std::uint64_t> words;
  std::set<std::int64_t> checks;
  for (const std::string cookie : {"", "cookie", "cookiE", "cookie "}) {
    const auto made = cluster_hash(cookie);
    words.insert(made.secret.words.begin(), made.secret.words.end());
    checks.insert(made.check);
    CHECK(made.check >= 0);
  }
  CHECK(words.size() == 16);
  CHECK(checks.size() == 4);
}

TEST_CASE("what is made of a cookie stays the same from build to build") {
  const auto made = cluster_hash("secret");
  CHECK(made.secret.words[0] == UINT64_C(7656448776466851961));
  CHECK(made.check == INT64_C(3812299640700473522));
}
