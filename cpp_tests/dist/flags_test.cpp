#include "cnode/dist/flags.hpp"

#include <doctest/doctest.h>

using namespace groot::dist;

TEST_CASE("the digest stands for the flags that OTP 25 made mandatory") {
  const Flags digest(static_cast<std::uint64_t>(Flag::mandatory_25_digest));
  CHECK(expand_digest(digest).bits() == 0x5070f94);
  CHECK(expand_digest(Flags(0x1)).bits() == 0x1);
}

TEST_CASE("the flags of every peer that is to be let in suffice") {
  // BEAM 25 and 27, BEAM 29, ei 25, and a peer that says the least.
  for (const std::uint64_t bits : {0xd07df7fbdULL, 0x6d07df7fbdULL, 0x407074f9cULL, 0x406000000ULL,
                                   mandatory_flags.bits() + 0ULL}) {
    CAPTURE(bits);
    CHECK(missing_flags(mandatory_flags, expand_digest(Flags(bits))).empty());
  }
}

TEST_CASE("each mandatory flag is missed when it is not there, by its name") {
  for (std::uint64_t bit = 1; bit <= mandatory_flags.bits(); bit <<= 1) {
    if ((mandatory_flags.bits() & bit) == 0) continue;
    CAPTURE(bit);
    const std::string missing =
        missing_flags(mandatory_flags, Flags(mandatory_flags.bits() & ~bit));
    CHECK_FALSE(missing.empty());
    CHECK(missing.find(',') == std::string::npos);
  }
  CHECK(missing_flags(mandatory_flags, Flags(mandatory_flags.bits() & ~0x402000000ULL)) ==
        "UNLINK_ID, V4_NC");
}

TEST_CASE("what we offer holds what we require, and says whether we are visible") {
  for (const bool visible : {false, true}) {
    const Flags offered = offered_flags(visible);
    CHECK(offered.has(Flag::published) == visible);
    CHECK((offered & mandatory_flags) == mandatory_flags);
    CHECK((offered & hidden_flags) == hidden_flags);
  }
}
