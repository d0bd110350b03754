#include "cnode/io/io_error.hpp"

#include <string>

namespace groot::io {
namespace {

class IoCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "groot.io"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<io_errc>(code)) {
      case io_errc::left_cluster:
        return "the node has left the cluster: nothing was written";
      case io_errc::overloaded:
        return "too many writes wait for the network thread: nothing was written";
    }
    return "unknown io error " + std::to_string(code);
  }
};

}  // namespace

const std::error_category& io_category() {
  static const IoCategory category;
  return category;
}

std::error_code make_error_code(io_errc code) {
  return {static_cast<int>(code), io_category()};
}

}  // namespace groot::io
