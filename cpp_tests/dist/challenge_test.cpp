#include "cnode/dist/challenge.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "cpp_tests/dist/golden_file.hpp"

using namespace groot::dist;

TEST_CASE("a BEAM proves the cookie with the digest that we expect of it") {
  // The ack answers our challenge, with bit 31 set: it is printed as an unsigned number.
  const auto ack = golden::bytes("handshake_acceptor_ack");
  const Digest ours = make_digest(golden::text("cookie"), golden::number("our_challenge"));
  CHECK(golden::number("our_challenge") > 0x7fffffff);
  CHECK(std::ranges::equal(std::span(ack).subspan(1), ours));
}

TEST_CASE("digests differ with the cookie and with the challenge") {
  const Digest digest = make_digest("cookie", 1);
  CHECK(same_digest(digest, make_digest("cookie", 1)));
  CHECK_FALSE(same_digest(digest, make_digest("cookie", 2)));
  CHECK_FALSE(same_digest(digest, make_digest("cookiE", 1)));
  for (std::size_t i = 0; i < digest.size(); ++i) {
    Digest other = digest;
    other[i] ^= 1;
    CHECK_FALSE(same_digest(digest, other));
  }
}
