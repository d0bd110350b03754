#include "store/hash_range.hpp"

#include <doctest/doctest.h>

using namespace groot::store;

namespace {

// The children lie side by side, and make up the whole.
void check_children(const Prefix& prefix) {
  const HashRange whole = prefix.range();
  std::uint64_t from = whole.from;
  for (unsigned i = 0; i < prefix.child_count(); ++i) {
    const Prefix child = prefix.child(i);
    CHECK(child.is_valid());
    CHECK(child.range().from == from);
    from = child.range().to + 1;
  }
  CHECK(from == whole.to + 1);
}

}  // namespace

TEST_CASE("the trie's ranges divide all hashes, 16 by 16, then 4 by 4, down to 32 bits") {
  CHECK(Prefix{}.range() == HashRange{0, UINT64_MAX});
  Prefix prefix;
  int steps = 0;
  for (; prefix.child_bits() != 0; prefix = prefix.child(prefix.child_count() - 2), ++steps) {
    check_children(prefix);
    CHECK(prefix.child_count() == (prefix.depth < bucket_bits ? 16 : 4));
  }
  CHECK(steps == 3 + 10);
  CHECK(prefix.depth == Prefix::depth_max);
  CHECK(prefix.range().to - prefix.range().from == UINT32_MAX);
}
