// For targets that are written with what the tests of a layer are: a REQUIRE that fails ends the
// run. Include in one file of a target.
#pragma once

#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdlib>

#include <doctest/doctest.h>

namespace groot::fuzz {

inline void use_asserts() {
  static doctest::Context context;
  [[maybe_unused]] static const bool once = [] {
    context.setAsDefaultForAssertsOutOfTestCases();
    context.setAssertHandler([](const doctest::AssertData& assertion) {
      std::fprintf(stderr, "%s:%d: %s\n", assertion.m_file, assertion.m_line, assertion.m_expr);
      std::abort();
    });
    return true;
  }();
}

}  // namespace groot::fuzz
