// Result<T>: a value, or the reason why there is none.
//
// Three kinds of failure, three mechanisms: a bug of ours aborts through `invariant` (also in
// release); a peer that breaks the protocol closes its link with a reason; everything else that
// can fail returns a Result. The code is for programs to branch on, `detail` is for people.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

namespace groot {

struct Error {
  std::error_code code;
  std::string detail;  // may be empty; never a secret, never raw wire bytes

  // "message of the code: detail".
  [[nodiscard]] std::string text() const {
    return detail.empty() ? code.message() : code.message() + ": " + detail;
  }
  friend bool operator==(const Error&, const Error&) = default;
};

// Stops the process with a message when `holds` is false: a bug in this program, never bad input.
inline void invariant(bool holds, const char* what) {
  if (!holds) [[unlikely]] {
    std::fprintf(stderr, "invariant violated: %s\n", what);
    std::abort();
  }
}

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  Result(std::error_code code, std::string detail = {})
      : state_(std::in_place_index<1>, Error{code, std::move(detail)}) {}

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  // Precondition of all four: has_value().
  [[nodiscard]] T& value() & { return checked(); }
  [[nodiscard]] const T& value() const& { return const_cast<Result*>(this)->checked(); }
  [[nodiscard]] T&& value() && { return std::move(checked()); }
  [[nodiscard]] T& operator*() & { return checked(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(checked()); }
  [[nodiscard]] T* operator->() { return &checked(); }
  [[nodiscard]] const T* operator->() const { return &value(); }

  // Precondition: !has_value().
  [[nodiscard]] const Error& error() const {
    invariant(!has_value(), "error() of a Result that has a value");
    return *std::get_if<1>(&state_);
  }

 private:
  T& checked() {
    invariant(has_value(), "value() of a Result that has an error");
    return *std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}
  Result(std::error_code code, std::string detail = {})
      : error_{code, std::move(detail)}, failed_(true) {}

  [[nodiscard]] bool has_value() const { return !failed_; }
  explicit operator bool() const { return !failed_; }
  [[nodiscard]] const Error& error() const {
    invariant(failed_, "error() of a Result that has a value");
    return error_;
  }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace groot
