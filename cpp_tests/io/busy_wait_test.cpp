#include "cnode/io/busy_wait.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using groot::io::busy_after_short_waits;
using groot::io::BusyWait;
using groot::io::short_wait_max;

namespace {

void converse(BusyWait& busy) {
  for (int i = 0; i < busy_after_short_waits; ++i) busy.waited(20us);
}

}  // namespace

TEST_CASE("it polls after some short waits in a row") {
  BusyWait busy(2);
  CHECK_FALSE(busy.polls());
  for (int i = 1; i < busy_after_short_waits; ++i) {
    busy.waited(short_wait_max);
    CHECK_FALSE(busy.polls());
  }
  busy.waited(short_wait_max);
  CHECK(busy.polls());
}

TEST_CASE("a long wait ends it, and so does the first of a node at rest") {
  BusyWait busy(2);
  converse(busy);
  busy.waited(short_wait_max + 1ns);
  CHECK_FALSE(busy.polls());
  // A question and its answer, now and then, are no conversation.
  for (int i = 0; i < 100; ++i) {
    busy.waited(60us);
    busy.waited(100ms);
    CHECK_FALSE(busy.polls());
  }
  converse(busy);
  CHECK(busy.polls());
}

TEST_CASE("a single processor is left to the other side") {
  BusyWait busy(1);
  converse(busy);
  CHECK_FALSE(busy.polls());
}
