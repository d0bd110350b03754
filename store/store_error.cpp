#include "store/store_error.hpp"

#include <string>

namespace groot::store {
namespace {

class StoreCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "groot.store"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<store_errc>(code)) {
      case store_errc::value_too_large:
        return "the value is larger than the limit";
      case store_errc::key_too_large:
        return "the key is larger than the limit";
      case store_errc::clock_exhausted:
        return "no later stamp exists: the key is stamped at the end of time, or the clock is "
               "there";
      case store_errc::bad_expiry:
        return "expires_in must be nil or a whole number of milliseconds from 0 to a hundred years";
    }
    return "unknown store error " + std::to_string(code);
  }
};

}  // namespace

const std::error_category& store_category() {
  static const StoreCategory category;
  return category;
}

std::error_code make_error_code(store_errc code) {
  return {static_cast<int>(code), store_category()};
}

}  // namespace groot::store
