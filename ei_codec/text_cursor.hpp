// A position in source text, and the pieces that Elixir and Erlang share: blanks, numbers, quoted
// text. The parser above it (term_parse.cpp) knows terms, this one knows characters.
//
// The first failure sticks: it is kept with its place, and the cursor stands at the end from then
// on, so that every loop of the parser ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ei_codec/codec_error.hpp"
#include "ei_codec/term.hpp"

namespace groot::ei_codec {

class TextCursor {
 public:
  // Precondition: `text` is UTF-8.
  TextCursor(std::string_view text, Syntax syntax) : text_(text), syntax_(syntax) {}

  [[nodiscard]] bool done() const { return at_ == text_.size(); }
  [[nodiscard]] bool elixir() const { return syntax_ == Syntax::elixir; }
  [[nodiscard]] std::size_t place() const { return at_; }
  // Back to a place() taken before; a failure stays.
  void go_back(std::size_t place) {
    if (!error_) at_ = place;
  }

  // The character `ahead` bytes on, '\0' past the end.
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void skip_blanks();
  // Skips blanks, then consumes `token` when it is next.
  bool take(std::string_view token);
  // The same, and a failure when it is not next.
  void expect(std::string_view token);
  // Letters, digits, _, @ and everything outside ASCII; may be empty.
  std::string_view take_word();
  // All characters of `set` that follow.
  std::string_view take_all_of(std::string_view set);

  // A number without sign: an integer in any notation of the syntax, or a float.
  std::optional<Term> take_number(bool negative);

  // What text in quotes holds: characters, and in Elixir's strings raw bytes (\xHH).
  struct Quoted {
    std::u32string characters;  // of a charlist or Erlang string
    std::string utf8;           // the same as bytes; \xHH of an Elixir string is one byte
  };
  // After the opening quote, up to and past `quote`.
  Quoted take_quoted(char quote);
  // One character or escape, as after `?` in Elixir and `$` in Erlang.
  char32_t take_character();

  void fail(std::string_view what, codec_errc code = codec_errc::bad_text);
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  char32_t take_escape(bool& raw_byte);
  char32_t take_braced_hex();
  char32_t take_hex(int digits);
  std::optional<Term> take_integer(unsigned base, bool negative);
  std::optional<Term> take_float(std::size_t begin, bool negative);
  std::string take_digits(unsigned base);

  std::string_view text_;
  const Syntax syntax_;
  std::size_t at_ = 0;
  std::optional<Error> error_;
};

}  // namespace groot::ei_codec
