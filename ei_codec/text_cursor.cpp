#include "ei_codec/text_cursor.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "ei_codec/integer_text.hpp"
#include "ei_codec/utf8.hpp"

namespace groot::ei_codec {
namespace {

constexpr char32_t character_max = 0x10FFFF;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_digit(c) || digit_value(c) < 36 || c == '_' || c == '@' ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

void TextCursor::fail(std::string_view what, codec_errc code) {
  if (!error_) {
    error_ = Error{code, std::string(what) + " at byte " + std::to_string(at_)};
  }
  at_ = text_.size();
}

void TextCursor::skip_blanks() {
  while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
}

bool TextCursor::take(std::string_view token) {
  skip_blanks();
  if (!text_.substr(at_).starts_with(token)) return false;
  at_ += token.size();
  return true;
}

void TextCursor::expect(std::string_view token) {
  if (!take(token)) fail("expected " + std::string(token));
}

std::string_view TextCursor::take_word() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_word(text_[at_])) ++at_;
  return text_.substr(begin, at_ - begin);
}

std::string_view TextCursor::take_all_of(std::string_view set) {
  const std::size_t end = std::min(text_.find_first_not_of(set, at_), text_.size());
  const std::string_view taken = text_.substr(at_, end - at_);
  at_ = end;
  return taken;
}

// Digits of the base, with single underscores between them, which are left out.
std::string TextCursor::take_digits(unsigned base) {
  std::string digits;
  while (digit_value(peek()) < base) {
    digits.push_back(text_[at_++]);
    if (peek() == '_' && digit_value(peek(1)) < base) ++at_;
  }
  if (digits.empty()) fail("expected a digit");
  return digits;
}

std::optional<Term> TextCursor::take_integer(unsigned base, bool negative) {
  const std::string digits = take_digits(base);
  if (digits.size() > decimal_digits_max && !std::has_single_bit(base)) {
    fail("an integer of more than " + std::to_string(decimal_digits_max) + " digits",
         codec_errc::too_large);
  }
  if (error_) return std::nullopt;
  return integer_from_digits(digits, base, negative);
}

std::optional<Term> TextCursor::take_number(bool negative) {
  if (elixir() && peek() == '0') {
    const char kind = peek(1);
    const unsigned base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;
    if (base != 0) {
      at_ += 2;
      return take_integer(base, negative);
    }
  }
  const std::size_t begin = at_;
  const std::string whole = take_digits(10);
  if (peek() == '.' && is_digit(peek(1))) return take_float(begin, negative);
  if (!elixir() && peek() == '#') {
    const unsigned base = whole.size() > 2 ? 0 : static_cast<unsigned>(std::stoul(whole));
    if (base < 2 || base > 36) {
      fail("a base from 2 to 36 is wanted");
      return std::nullopt;
    }
    ++at_;
    return take_integer(base, negative);
  }
  go_back(begin);
  return take_integer(10, negative);
}

std::optional<Term> TextCursor::take_float(std::size_t begin, bool negative) {
  go_back(begin);
  std::string text = negative ? "-" : "";
  text += take_digits(10);
  text += text_[at_++];  // the point
  text += take_digits(10);
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    text += 'e';
    if (peek() == '+' || peek() == '-') text += text_[at_++];
    text += take_digits(10);
  }
  if (const std::size_t plus = text.find('+'); plus != std::string::npos) text.erase(plus, 1);
  double value = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || stop != text.data() + text.size() || !std::isfinite(value)) {
    fail("a float out of range");
  }
  if (error_) return std::nullopt;
  return value;
}

TextCursor::Quoted TextCursor::take_quoted(char quote) {
  Quoted result;
  while (true) {
    if (done()) {
      fail("text without its closing quote");
      return result;
    }
    if (peek() == quote) {
      ++at_;
      return result;
    }
    if (elixir() && peek() == '#' && peek(1) == '{') fail("an interpolation is no value");
    bool raw_byte = false;
    char32_t c = 0;
    if (peek() == '\\') {
      ++at_;
      c = take_escape(raw_byte);
    } else if (!done()) {
      c = next_character(text_, at_);
    }
    if (error_) return result;
    result.characters.push_back(c);
    if (raw_byte) {
      result.utf8.push_back(static_cast<char>(c));
    } else if (!append_character(c, result.utf8)) {
      fail("no character has this number");
    }
  }
}

char32_t TextCursor::take_character() {
  if (done()) {
    fail("expected a character");
    return 0;
  }
  if (peek() != '\\') return next_character(text_, at_);
  ++at_;
  bool raw_byte = false;
  return take_escape(raw_byte);
}

// After the backslash.
char32_t TextCursor::take_escape(bool& raw_byte) {
  if (done()) {
    fail("expected a character after the backslash");
    return 0;
  }
  const char32_t c = next_character(text_, at_);
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 's':
      return ' ';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case 'e':
      return 0x1B;
    case 'd':
      return 0x7F;
    case 'x':
      if (peek() == '{') return take_braced_hex();
      raw_byte = elixir();
      return take_hex(2);
    default:
      break;
  }
  if (elixir()) {
    if (c == 'a') return '\a';
    if (c == '0') return 0;
    if (c == 'u') return peek() == '{' ? take_braced_hex() : take_hex(4);
    return c;
  }
  if (c >= '0' && c <= '7') {  // one to three octal digits
    char32_t value = c - '0';
    for (int i = 0; i < 2 && peek() >= '0' && peek() <= '7'; ++i) {
      value = value * 8 + static_cast<char32_t>(text_[at_++] - '0');
    }
    return value;
  }
  if (c == '^') return take_character() & 0x1F;
  return c;
}

char32_t TextCursor::take_hex(int digits) {
  char32_t value = 0;
  for (int i = 0; i < digits; ++i) {
    if (digit_value(peek()) >= 16) {
      fail("expected a hexadecimal digit");
      return 0;
    }
    value = value * 16 + digit_value(text_[at_++]);
  }
  return value;
}

char32_t TextCursor::take_braced_hex() {
  ++at_;
  char32_t value = take_hex(1);
  while (digit_value(peek()) < 16 && value <= character_max) {
    value = value * 16 + digit_value(text_[at_++]);
  }
  if (value > character_max) fail("no character has this number");
  expect("}");
  return value;
}

}  // namespace groot::ei_codec
