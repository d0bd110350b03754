#include <algorithm>

#include "ei_codec/term.hpp"
#include "ei_codec/term_tags.hpp"
#include "ei_codec/text_cursor.hpp"
#include "ei_codec/utf8.hpp"

namespace groot::ei_codec {
namespace {

constexpr std::string_view operator_characters = "+-*/<>=!&|^~.@\\";

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || is_upper(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

// Recursive descent, bounded by tree_depth_max. After a failure every parse_* still returns, with
// whatever it has: the caller looks at the cursor's error once, at the end.
class Parser {
 public:
  Parser(std::string_view text, Syntax syntax) : in_(text, syntax) {}

  Result<Term> parse() {
    Term term = parse_term(0);
    in_.skip_blanks();
    if (!in_.done()) in_.fail("text after the term");
    if (in_.error()) return *in_.error();
    return term;
  }

 private:
  Term parse_term(std::size_t depth) {
    in_.skip_blanks();
    const char c = in_.peek();
    if (is_digit(c)) return parse_number(false);
    if (c == '-' || c == '+') {
      (void)in_.take({&c, 1});
      if (!is_digit(in_.peek())) in_.fail("expected a digit");
      return parse_number(c == '-');
    }
    if (in_.take("<<")) return parse_binary();
    if (c == '[' || c == '{' || c == '%' || c == '#') return parse_container(depth);
    return in_.elixir() ? parse_elixir(c) : parse_erlang(c);
  }

  Term parse_number(bool negative) { return in_.take_number(negative).value_or(Term()); }

  Term parse_container(std::size_t depth) {
    if (depth == tree_depth_max) {
      in_.fail("more than " + std::to_string(tree_depth_max) + " levels", codec_errc::too_deep);
      return {};
    }
    if (in_.take("[")) return parse_list(depth + 1);
    if (in_.take("{")) return parse_tuple(depth + 1);
    if (in_.take(in_.elixir() ? "%{" : "#{")) return parse_map(depth + 1);
    in_.fail("expected a term");
    return {};
  }

  Term parse_elixir(char c) {
    if (in_.take("\"")) return string(in_.take_quoted('"').utf8);
    if (in_.take("~c\"")) return charlist(in_.take_quoted('"').characters);
    if (in_.take("'")) return charlist(in_.take_quoted('\'').characters);
    if (in_.take("?")) return static_cast<std::int64_t>(in_.take_character());
    if (in_.take(":")) return Atom{parse_name()};
    if (in_.take("&")) return parse_elixir_fun();
    if (is_upper(c)) return Atom{parse_alias()};
    const std::string_view word = in_.take_word();
    if (word == "true" || word == "false" || word == "nil") return atom(word);
    in_.fail("expected a term");
    return {};
  }

  Term parse_erlang(char c) {
    if (in_.take("\"")) return charlist(in_.take_quoted('"').characters);
    if (in_.take("$")) return static_cast<std::int64_t>(in_.take_character());
    if (c == '\'') return Atom{parse_erlang_atom()};
    if (starts_word(c) && !is_upper(c) && c != '_') {
      const std::size_t before = in_.place();
      if (in_.take_word() == "fun") return parse_erlang_fun();
      in_.go_back(before);
      return Atom{parse_erlang_atom()};
    }
    in_.fail("expected a term");
    return {};
  }

  static Term string(const std::string& bytes) { return Binary(as_bytes(bytes)); }

  static Term charlist(const std::u32string& characters) {
    List list;
    list.elements.reserve(characters.size());
    for (const char32_t c : characters) list.elements.emplace_back(static_cast<std::int64_t>(c));
    return list;
  }

  std::string checked_atom(std::string name) {
    const auto length = utf8_length(as_bytes(name));
    if (!length || *length > atom_characters_max)
      in_.fail("an atom of over 255 characters or not UTF-8");
    return name;
  }

  // What follows the colon of an atom or the point of a remote function.
  std::string parse_name() {
    if (in_.peek() == '"' || in_.peek() == '\'') {
      const char quote = in_.peek();
      (void)in_.take({&quote, 1});
      return checked_atom(in_.take_quoted(quote).utf8);
    }
    if (starts_word(in_.peek())) return checked_atom(parse_identifier());
    std::string name(in_.take_all_of(operator_characters));
    if (name.empty()) in_.fail("expected a name");
    return name;
  }

  std::string parse_identifier() {
    std::string name(in_.take_word());
    if (in_.peek() == '?' || in_.peek() == '!') {
      const char mark = in_.peek();
      (void)in_.take({&mark, 1});
      name += mark;
    }
    return name;
  }

  std::string parse_alias() {
    std::string name;
    do {
      const std::string_view part = in_.take_word();
      if (part.empty() || !is_upper(part[0])) in_.fail("expected an alias");
      if (!name.empty()) name += '.';
      name += part;
    } while (next_part());
    // Elixir.Foo is the long way to write Foo, and Elixir an atom of its own.
    const bool whole = name == "Elixir" || name.starts_with("Elixir.");
    return checked_atom(whole ? std::move(name) : "Elixir." + name);
  }

  // True, and past the point, when a point and an upper-case letter follow.
  bool next_part() {
    if (in_.peek() != '.' || !is_upper(in_.peek(1))) return false;
    return in_.take(".");
  }

  std::string parse_erlang_atom() {
    in_.skip_blanks();
    if (in_.peek() == '\'') {
      in_.expect("'");
      return checked_atom(in_.take_quoted('\'').utf8);
    }
    const char first = in_.peek();
    if (!starts_word(first) || is_upper(first) || first == '_') in_.fail("expected an atom");
    return checked_atom(std::string(in_.take_word()));
  }

  Term parse_elixir_fun() {
    ExportedFun fun;
    fun.module.name = in_.take(":") ? parse_name() : parse_alias();
    in_.expect(".");
    fun.function.name = parse_name();
    fun.arity = parse_arity();
    return fun;
  }

  Term parse_erlang_fun() {
    ExportedFun fun;
    fun.module.name = parse_erlang_atom();
    in_.expect(":");
    fun.function.name = parse_erlang_atom();
    fun.arity = parse_arity();
    return fun;
  }

  std::uint8_t parse_arity() {
    in_.expect("/");
    return static_cast<std::uint8_t>(parse_small(0, 255));
  }

  std::int64_t parse_small(std::int64_t low, std::int64_t high) {
    in_.skip_blanks();
    const Term number = parse_number(false);
    const auto* value = number.get_if<std::int64_t>();
    if (value != nullptr && *value >= low && *value <= high) return *value;
    in_.fail("expected a number from " + std::to_string(low) + " to " + std::to_string(high));
    return low;
  }

  // Calls `element` between commas until `close`. Elixir allows a comma at the end.
  template <class Element>
  void parse_until(std::string_view close, Element element) {
    if (in_.take(close)) return;
    while (!in_.error()) {
      element();
      if (in_.take(close)) return;
      in_.expect(",");
      if (in_.elixir() && in_.take(close)) return;
    }
  }

  Term parse_tuple(std::size_t depth) {
    Tuple tuple;
    parse_until("}", [&] { tuple.elements.push_back(parse_term(depth)); });
    return tuple;
  }

  Term parse_list(std::size_t depth) {
    List list;
    parse_until("]", [&] {
      if (auto key = parse_short_key()) {
        list.elements.push_back(Tuple{{Atom{std::move(*key)}, parse_term(depth)}});
        return;
      }
      list.elements.push_back(parse_term(depth));
      if (in_.take("|")) list.tail.push_back(parse_term(depth));
      if (!list.tail.empty() && in_.peek() == ',') in_.fail("a tail is the last of a list");
    });
    return with_flat_tail(std::move(list));
  }

  // [a | [b]] is [a, b].
  static Term with_flat_tail(List list) {
    const List* rest = list.tail.empty() ? nullptr : list.tail.front().get_if<List>();
    if (rest == nullptr) return list;
    const List moved = *rest;
    list.elements.insert(list.elements.end(), moved.elements.begin(), moved.elements.end());
    list.tail = moved.tail;
    return list;
  }

  Term parse_map(std::size_t depth) {
    std::vector<std::pair<Term, Term>> pairs;
    parse_until("}", [&] {
      if (auto key = parse_short_key()) {
        pairs.emplace_back(Atom{std::move(*key)}, parse_term(depth));
        return;
      }
      Term key = parse_term(depth);
      in_.expect("=>");
      pairs.emplace_back(std::move(key), parse_term(depth));
    });
    return map(std::move(pairs));
  }

  // Elixir's `name: ` or `"name": `; the position stays when it is something else.
  std::optional<std::string> parse_short_key() {
    in_.skip_blanks();
    const std::size_t before = in_.place();
    const char c = in_.peek();
    if (!in_.elixir() || (c != '"' && !starts_word(c))) return std::nullopt;
    const bool quoted = c == '"' && in_.take("\"");
    std::string name = quoted ? in_.take_quoted('"').utf8 : parse_identifier();
    if (in_.peek() == ':' && in_.peek(1) != ':') {
      in_.expect(":");
      return checked_atom(std::move(name));
    }
    in_.go_back(before);
    return std::nullopt;
  }

  // After "<<": bytes and text, and perhaps one number of fewer bits at the end.
  Term parse_binary() {
    Bytes bytes;
    std::size_t last_bits = 0;
    parse_until(">>", [&] {
      if (last_bits != 0) in_.fail("only the last part may be of single bits");
      if (in_.take("\"")) {
        append_text(bytes);
      } else {
        last_bits = append_number(bytes);
      }
    });
    if (last_bits == 0) return Binary(std::move(bytes));
    return BitString{std::move(bytes), static_cast<std::uint8_t>(last_bits)};
  }

  void append_text(Bytes& bytes) {
    const TextCursor::Quoted text = in_.take_quoted('"');
    if (in_.elixir() || in_.take("/utf8")) {
      bytes.insert(bytes.end(), text.utf8.begin(), text.utf8.end());
      return;
    }
    for (const char32_t c : text.characters) {
      if (c > 255) in_.fail("a character beyond 255 needs /utf8");
      bytes.push_back(static_cast<std::uint8_t>(c));
    }
  }

  // The number of bits when fewer than eight, else 0.
  std::size_t append_number(Bytes& bytes) {
    const std::int64_t value = parse_small(0, 255);
    std::int64_t bits = 8;
    if (in_.elixir() && in_.take("::")) {
      const bool long_form = in_.take("size(");
      bits = parse_small(1, 8);
      if (long_form) in_.expect(")");
    } else if (!in_.elixir() && in_.take(":")) {
      bits = parse_small(1, 8);
    }
    bytes.push_back(static_cast<std::uint8_t>(value << (8 - bits)));
    return bits == 8 ? 0 : static_cast<std::size_t>(bits);
  }

  TextCursor in_;
};

}  // namespace

Result<Term> parse_term(std::string_view text, Syntax syntax) {
  if (!utf8_length(as_bytes(text)))
    return Error{make_error_code(codec_errc::bad_text), "not UTF-8"};
  return Parser(text, syntax).parse();
}

}  // namespace groot::ei_codec
