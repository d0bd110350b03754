// What a step of this node's own threw, as an error: what it was about ends with it, and nothing
// else.
#pragma once

#include <exception>
#include <new>
#include <system_error>

#include "ei_codec/result.hpp"

namespace groot {

// Call inside a catch (...).
[[nodiscard]] inline Error caught_error() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return {std::make_error_code(std::errc::not_enough_memory), {}};
  } catch (const std::exception& thrown) {
    return {std::make_error_code(std::errc::state_not_recoverable), thrown.what()};
  } catch (...) {
    return {std::make_error_code(std::errc::state_not_recoverable), {}};
  }
}

}  // namespace groot
