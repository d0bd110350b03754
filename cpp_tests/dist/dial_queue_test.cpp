#include "cnode/dist/dial_queue.hpp"

#include <string>

#include <doctest/doctest.h>

#include "cnode/dist/limits.hpp"
#include "cpp_tests/dist/wire.hpp"

using namespace groot::dist;
using groot::dist::test::name;

TEST_CASE("what is asked for goes first, then what has not failed, and of that the latest") {
  DialQueue queue;
  queue.add(name("again@h"), DialClass::again);
  queue.add(name("still@h"), DialClass::again);
  queue.add(name("first@h"), DialClass::first);
  queue.add(name("latest@h"), DialClass::first);
  queue.add(name("asked@h"), DialClass::asked);
  queue.add(name("also@h"), DialClass::asked);
  for (const char* expected : {"asked@h", "also@h", "latest@h", "first@h", "again@h", "still@h"}) {
    CHECK(queue.take(0) == name(expected));
  }
  CHECK_FALSE(queue.take(0));
}

TEST_CASE("who waits is moved up, never down, and has one place") {
  DialQueue queue;
  queue.add(name("a@h"), DialClass::again);
  queue.add(name("b@h"), DialClass::first);
  queue.add(name("a@h"), DialClass::asked);
  queue.add(name("a@h"), DialClass::again);
  CHECK(queue.take(0) == name("a@h"));
  queue.remove(name("b@h"));
  queue.remove(name("b@h"));
  CHECK_FALSE(queue.take(0));
}

TEST_CASE("each class has its room: just below its bound, and at it") {
  for (const auto& [dial_class, room] :
       {std::pair(DialClass::again, dials_again_max), std::pair(DialClass::first, dials_first_max),
        std::pair(DialClass::asked, dials_max)}) {
    DialQueue queue;
    queue.add(name("a@h"), dial_class);
    CHECK_FALSE(queue.take(room));
    CHECK(queue.take(room - 1) == name("a@h"));
  }
}
