#include "cnode/dist/earliest.hpp"

#include <doctest/doctest.h>

using groot::dist::Earliest;

TEST_CASE("the earliest of what was added since it was cleared") {
  Earliest earliest;
  CHECK_FALSE(earliest.ms());
  earliest.add(std::nullopt);
  CHECK_FALSE(earliest.ms());
  earliest.add(30);
  earliest.add(20);
  earliest.add(std::nullopt);
  earliest.add(25);
  CHECK(earliest.ms() == 20);
  CHECK_FALSE(earliest.is_due(19));
  CHECK(earliest.is_due(20));
  earliest.clear();
  CHECK_FALSE(earliest.ms());
  CHECK_FALSE(earliest.is_due(20));
  earliest.add(40);
  CHECK(earliest.ms() == 40);
}
