#include "ei_codec/codec_error.hpp"

#include <string>

namespace groot::ei_codec {
namespace {

class CodecCategory : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "codec"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<codec_errc>(code)) {
      case codec_errc::truncated:
        return "the bytes end inside a term";
      case codec_errc::trailing_bytes:
        return "bytes follow the term";
      case codec_errc::bad_version:
        return "the version byte is missing";
      case codec_errc::unknown_tag:
        return "unknown tag";
      case codec_errc::bad_atom:
        return "an atom that is too long or not UTF-8";
      case codec_errc::bad_float:
        return "a float that is not a finite number";
      case codec_errc::bad_fun:
        return "a malformed fun";
      case codec_errc::bad_identifier:
        return "a malformed pid, port or reference";
      case codec_errc::duplicate_key:
        return "a map that holds one key twice";
      case codec_errc::bad_bits:
        return "a bit string with an impossible last byte";
      case codec_errc::too_large:
        return "more bytes than the limit";
      case codec_errc::too_deep:
        return "nested deeper than the limit";
      case codec_errc::too_many_terms:
        return "more terms than the limit";
      case codec_errc::not_representable:
        return "a term that this form cannot hold";
      case codec_errc::bad_text:
        return "not a term";
    }
    return "unknown codec error";
  }
};

}  // namespace

const std::error_category& codec_category() {
  static const CodecCategory category;
  return category;
}

std::error_code make_error_code(codec_errc code) {
  return {static_cast<int>(code), codec_category()};
}

}  // namespace groot::ei_codec
