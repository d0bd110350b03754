#include <algorithm>
#include <array>
#include <charconv>

#include "ei_codec/integer_text.hpp"
#include "ei_codec/term.hpp"
#include "ei_codec/term_reader.hpp"
#include "ei_codec/utf8.hpp"

namespace groot::ei_codec {
namespace {

constexpr std::array<std::string_view, 28> erlang_reserved{
    "after", "and",   "andalso", "band",   "begin",   "bnot", "bor", "bsl", "bsr", "bxor",
    "case",  "catch", "cond",    "div",    "else",    "end",  "fun", "if",  "let", "maybe",
    "not",   "of",    "or",      "orelse", "receive", "rem",  "try", "when"};

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_word(char c) {
  return is_lower(c) || is_upper(c) || (c >= '0' && c <= '9') || c == '_' || c == '@';
}

// What a text literal may show as it is, or as one of the escapes of print_quoted.
bool is_printable(char32_t c) {
  return (c >= 0x20 && c < 0x7F) || c >= 0xA0 || c == '\n' || c == '\r' || c == '\t';
}

bool is_printable_text(ByteView bytes) {
  if (!utf8_length(bytes)) return false;
  const std::string_view text = as_text(bytes);
  for (std::size_t at = 0; at < text.size();) {
    if (!is_printable(next_character(text, at))) return false;
  }
  return true;
}

class Printer {
 public:
  explicit Printer(Syntax syntax) : elixir_(syntax == Syntax::elixir) {}

  void print(const Term& term) {
    std::visit([this](const auto& value) { print(value); }, term.value());
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void print(std::int64_t value) { out_ += std::to_string(value); }

  void print(const BigInteger& value) {
    if (value.magnitude.size() <= decimal_magnitude_bytes_max) {
      out_ += to_decimal(value);
      return;
    }
    if (value.negative) out_ += '-';
    out_ += elixir_ ? "0x" : "16#";
    out_ += to_hexadecimal(value);
  }

  void print(double value) {
    std::array<char, 40> room;
    const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
    const std::string_view digits(room.data(), static_cast<std::size_t>(end - room.data()));
    const std::size_t exponent = digits.find('e');
    const std::string_view mantissa = digits.substr(0, exponent);
    out_ += mantissa;
    if (mantissa.find('.') == std::string_view::npos) out_ += ".0";
    if (exponent == std::string_view::npos) return;
    out_ += 'e';
    const bool negative = digits[exponent + 1] == '-';
    if (negative) out_ += '-';
    const std::size_t first = digits.find_first_not_of('0', exponent + 2);  // past the sign
    out_ += digits.substr(first);
  }

  void print(const Atom& value) {
    const std::string& name = value.name;
    if (!elixir_) return print_erlang_atom(name);
    if (name == "true" || name == "false" || name == "nil") {
      out_ += name;
    } else {
      print_elixir_atom(name);
    }
  }

  void print_elixir_atom(const std::string& name) {
    if (is_alias(name)) {
      const std::string_view parts = std::string_view(name).substr(alias_prefix.size());
      // Elixir.Foo alone would be read as Foo.
      const bool whole = parts == "Elixir" || parts.starts_with(alias_prefix);
      out_ += whole ? std::string_view(name) : parts;
    } else if (name == "Elixir") {
      out_ += name;
    } else {
      out_ += ':';
      print_word(name);
    }
  }

  void print_erlang_atom(const std::string& name) {
    const bool plain = !name.empty() && is_lower(name[0]) && std::ranges::all_of(name, is_word) &&
                       std::ranges::find(erlang_reserved, name) == erlang_reserved.end();
    if (plain) {
      out_ += name;
    } else {
      print_quoted(name, '\'');
    }
  }

  // An Elixir name, quoted when it is no identifier.
  void print_word(std::string_view name) {
    if (is_identifier(name)) {
      out_ += name;
    } else {
      print_quoted(name, '"');
    }
  }

  // After a point an upper-case letter would begin one more part of an alias.
  void print_function_name(std::string_view name) {
    if (!name.empty() && is_upper(name[0])) {
      print_quoted(name, '"');
    } else {
      print_word(name);
    }
  }

  static bool is_identifier(std::string_view name) {
    if (name.empty() || !(is_lower(name[0]) || is_upper(name[0]) || name[0] == '_')) return false;
    const bool mark = name.back() == '?' || name.back() == '!';
    return std::ranges::all_of(name.substr(0, name.size() - (mark ? 1 : 0)), is_word);
  }

  // 'Elixir.A.B', each part an upper-case letter and then letters, digits and _.
  static bool is_alias(std::string_view name) {
    if (!name.starts_with(alias_prefix)) return false;
    bool part_begins = true;
    for (const char c : name.substr(alias_prefix.size())) {
      if (part_begins ? !is_upper(c) : c != '.' && (!is_word(c) || c == '@')) return false;
      part_begins = c == '.';
    }
    return !part_begins;
  }

  void print_quoted(std::string_view text, char quote) {
    out_ += quote;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = at;
      const char32_t c = next_character(text, at);
      if (c == static_cast<unsigned char>(quote) || c == '\\') {
        out_ += '\\';
        out_ += static_cast<char>(c);
      } else if (c == '\n' || c == '\r' || c == '\t') {
        out_ += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
      } else if (!is_printable(c)) {
        print_code_point(c);
      } else if (elixir_ && c == '#' && at < text.size() && text[at] == '{') {
        out_ += "\\#";
      } else {
        out_ += text.substr(begin, at - begin);
      }
    }
    out_ += quote;
  }

  void print_code_point(char32_t c) {
    std::array<char, 8> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                   static_cast<std::uint32_t>(c), 16)
                         .ptr;
    out_ += elixir_ ? "\\u{" : "\\x{";
    out_.append(digits.data(), end);
    out_ += '}';
  }

  template <class... Numbers>
  void print_identifier(std::string_view kind, const Atom& node, Numbers... numbers) {
    out_ += kind;
    out_ += '<';
    out_ += node.name;
    ((out_ += '.', out_ += std::to_string(numbers)), ...);
    out_ += '>';
  }

  void print(const Pid& value) {
    print_identifier(elixir_ ? "#PID" : "", value.node, value.id, value.serial);
  }
  void print(const Port& value) { print_identifier("#Port", value.node, value.id); }
  void print(const Reference& value) {
    print_identifier(elixir_ ? "#Reference" : "#Ref", value.node);
    out_.pop_back();
    // The first word on the wire is the lowest; the text begins with the highest.
    for (auto word = value.words.rbegin(); word != value.words.rend(); ++word) {
      out_ += '.' + std::to_string(*word);
    }
    out_ += '>';
  }

  void print(const ExportedFun& value) {
    if (elixir_) {
      out_ += '&';
      print_elixir_atom(value.module.name);
      out_ += '.';
      print_function_name(value.function.name);
    } else {
      out_ += "fun ";
      print(value.module);
      out_ += ':';
      print(value.function);
    }
    out_ += '/' + std::to_string(value.arity);
  }

  void print(const LocalFun& value) {
    out_ += elixir_ ? "#Function<" : "#Fun<";
    // Past the header stand module, old index and old uniq.
    const std::size_t header = 1 + tag::fun_header_bytes;
    if (value.encoded.size() > header) {
      TermReader parts(ScannedTerm::trusted(ByteView(value.encoded).subspan(header)));
      const auto module = parts.take_any_atom();
      const auto index = parts.take_int64();
      const auto uniq = parts.take_int64();
      if (module && index && uniq) {
        out_ += elixir_ ? std::to_string(*index) + "." + std::to_string(*uniq) + " in " + *module
                        : *module + "." + std::to_string(*index) + "." + std::to_string(*uniq);
      }
    }
    out_ += '>';
  }

  void comma() { out_ += elixir_ ? ", " : ","; }

  void print_elements(const std::vector<Term>& elements) {
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (i > 0) comma();
      print(elements[i]);
    }
  }

  void print(const Tuple& value) {
    out_ += '{';
    print_elements(value.elements);
    out_ += '}';
  }

  void print(const List& value) {
    if (const auto text = ascii_text(value)) {
      if (elixir_) out_ += "~c";
      return print_quoted(*text, '"');
    }
    out_ += '[';
    if (elixir_ && is_keyword(value)) {
      print_keyword(value);
    } else {
      print_elements(value.elements);
    }
    if (!value.tail.empty()) {
      out_ += elixir_ ? " | " : "|";
      print(value.tail.front());
    }
    out_ += ']';
  }

  // The characters of a list that reads best as text.
  static std::optional<std::string> ascii_text(const List& value) {
    if (value.elements.empty() || !value.tail.empty()) return std::nullopt;
    std::string text;
    for (const Term& element : value.elements) {
      const auto* c = element.get_if<std::int64_t>();
      if (c == nullptr || *c < 0 || *c >= 0x7F || !is_printable(static_cast<char32_t>(*c))) {
        return std::nullopt;
      }
      text.push_back(static_cast<char>(*c));
    }
    return text;
  }

  // An atom that stands before a colon: [a: 1], %{a: 1}. Aliases do not read well there.
  static bool is_short_key(const Term& term) {
    const Atom* atom = term.get_if<Atom>();
    return atom != nullptr && !is_alias(atom->name);
  }

  static bool is_keyword(const List& value) {
    return value.tail.empty() && std::ranges::all_of(value.elements, [](const Term& element) {
             const Tuple* pair = element.get_if<Tuple>();
             return pair != nullptr && pair->elements.size() == 2 &&
                    is_short_key(pair->elements.front());
           });
  }

  void print_keyword(const List& value) {
    for (std::size_t i = 0; i < value.elements.size(); ++i) {
      if (i > 0) comma();
      const Tuple& pair = *value.elements[i].get_if<Tuple>();
      print_short(pair.elements[0], pair.elements[1]);
    }
  }

  void print_short(const Term& key, const Term& value) {
    print_word(key.get_if<Atom>()->name);
    out_ += ": ";
    print(value);
  }

  void print(const Map& value) {
    const bool brief = elixir_ && std::ranges::all_of(value.pairs, [](const auto& pair) {
                         return is_short_key(pair.first);
                       });
    out_ += elixir_ ? "%{" : "#{";
    for (std::size_t i = 0; i < value.pairs.size(); ++i) {
      const auto& [key, mapped] = value.pairs[i];
      if (i > 0) comma();
      if (brief) {
        print_short(key, mapped);
      } else {
        print(key);
        out_ += " => ";
        print(mapped);
      }
    }
    out_ += '}';
  }

  void print(const Binary& value) {
    const ByteView bytes = value.view();
    const bool text = !bytes.empty() && is_printable_text(bytes);
    if (elixir_) {
      if (text || bytes.empty()) return print_quoted(as_text(bytes), '"');
      return print_bytes(bytes, 8);
    }
    if (!text) return print_bytes(bytes, 8);
    out_ += "<<";
    print_quoted(as_text(bytes), '"');
    const bool ascii = std::ranges::all_of(bytes, [](std::uint8_t b) { return b < 0x80; });
    out_ += ascii ? ">>" : "/utf8>>";
  }

  void print(const BitString& value) { print_bytes(value.bytes, value.last_bits); }

  void print_bytes(ByteView bytes, unsigned last_bits) {
    out_ += "<<";
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i > 0) comma();
      const bool partial = i + 1 == bytes.size() && last_bits < 8;
      out_ += std::to_string(partial ? bytes[i] >> (8 - last_bits) : bytes[i]);
    }
    if (last_bits < 8) {
      const std::string bits = std::to_string(last_bits);
      out_ += elixir_ ? "::size(" + bits + ")" : ":" + bits;
    }
    out_ += ">>";
  }

  static constexpr std::string_view alias_prefix = "Elixir.";

  const bool elixir_;
  std::string out_;
};

}  // namespace

std::string to_text(const Term& term, Syntax syntax) {
  Printer printer(syntax);
  printer.print(term);
  return printer.take();
}

}  // namespace groot::ei_codec
