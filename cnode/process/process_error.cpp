#include "cnode/process/process_error.hpp"

namespace groot::process {
namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "process"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<process_errc>(code)) {
      case process_errc::bad_register:
        return "not a register";
      case process_errc::bad_timestamp:
        return "not a timestamp";
      case process_errc::bad_request:
        return "malformed request";
      case process_errc::unknown_request:
        return "unknown request";
      case process_errc::request_timeout:
        return "no answer in time";
      case process_errc::peer_gone:
        return "the peer is gone";
      case process_errc::no_process:
        return "no such process";
      case process_errc::call_failed:
        return "the remote call failed";
      case process_errc::not_saved:
        return "kept in memory and sent to the other nodes, but not saved";
      case process_errc::bad_exchange:
        return "malformed exchange";
      case process_errc::cannot_be_asked:
        return "the peer does not understand remote calls and monitors";
    }
    return "unknown process error";
  }
};

}  // namespace

const std::error_category& process_category() {
  static const Category category;
  return category;
}

std::error_code make_error_code(process_errc code) {
  return {static_cast<int>(code), process_category()};
}

}  // namespace groot::process
