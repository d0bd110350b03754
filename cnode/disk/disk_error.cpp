#include "cnode/disk/disk_error.hpp"

namespace groot::disk {
namespace {

class DiskCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "groot.disk"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<disk_errc>(code)) {
      case disk_errc::unusable:
        return "the data directory cannot be used";
      case disk_errc::foreign:
        return "the data directory belongs to something else";
      case disk_errc::damaged:
        return "the data directory is damaged";
      case disk_errc::newer_format:
        return "the data directory is of a later version";
      case disk_errc::in_use:
        return "the data directory is in use";
      case disk_errc::gone:
        return "the data directory is gone";
      case disk_errc::full:
        return "the data directory is full";
      case disk_errc::not_saved:
        return "kept in memory and sent to the other nodes, but not saved";
    }
    return "unknown disk error " + std::to_string(code);
  }
};

}  // namespace

const std::error_category& disk_category() {
  static const DiskCategory category;
  return category;
}

std::error_code make_error_code(disk_errc code) {
  return {static_cast<int>(code), disk_category()};
}

}  // namespace groot::disk
