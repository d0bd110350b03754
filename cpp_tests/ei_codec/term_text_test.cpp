#include <map>
#include <string>

#include <doctest/doctest.h>

#include "ei_codec/codec_error.hpp"
#include "ei_codec/term.hpp"
#include "ei_codec/term_decode.hpp"
#include "golden_terms.hpp"

namespace groot::ei_codec {
namespace {

Term decoded(const golden::GoldenTerm& term) {
  return decode_term(*scan_whole_term(term.otp26)).value();
}

bool parses_back(const Term& term, Syntax syntax) {
  const auto parsed = parse_term(to_text(term, syntax), syntax);
  return parsed && *parsed == term;
}

std::string elixir(const Term& term) {
  return to_text(term, Syntax::elixir);
}
std::string erlang(const Term& term) {
  return to_text(term, Syntax::erlang);
}

void check_refused(std::string_view text, Syntax syntax, codec_errc code = codec_errc::bad_text) {
  CAPTURE(text);
  const auto parsed = parse_term(text, syntax);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == code);
  CHECK_FALSE(parsed.error().detail.empty());
}

std::string nested(std::size_t levels, std::string_view open, std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

}  // namespace

TEST_CASE("text: what Erlang prints is read as the same term, and so is what we print") {
  int seen = 0;
  for (const auto& term : golden::terms()) {
    CAPTURE(term.name);
    const bool special = !term.text.has_value();
    if (special) continue;
    ++seen;
    const auto parsed = parse_term(*term.text, Syntax::erlang);
    REQUIRE_MESSAGE(parsed, *term.text);
    CHECK(*parsed == decoded(term));
    CHECK(parses_back(*parsed, Syntax::erlang));
    CHECK(parses_back(*parsed, Syntax::elixir));
  }
  CHECK(seen > 120);
}

TEST_CASE("text: what Elixir prints is read as the same term") {
  std::map<std::string, std::string> texts;
  for (const auto& line : golden::fields("elixir_text.txt")) {
    texts[line.at(0)] = std::string(as_text(golden::from_hex(line.at(1))));
  }
  CHECK(texts.size() > 120);
  for (const auto& term : golden::terms()) {
    const auto text = texts.find(term.name);
    if (text == texts.end()) continue;
    CAPTURE(term.name);
    const auto parsed = parse_term(text->second, Syntax::elixir);
    REQUIRE_MESSAGE(parsed, text->second, ": ", parsed.error().text());
    CHECK(*parsed == decoded(term));
  }
}

TEST_CASE("text: printing") {
  CHECK(elixir(1) == "1");
  CHECK(elixir(-1.0) == "-1.0");
  CHECK(elixir(1e100) == "1.0e100");
  CHECK(elixir(1.5e-7) == "1.5e-7");
  CHECK(elixir(atom("ok")) == ":ok");
  CHECK(elixir(nil()) == "nil");
  CHECK(elixir(boolean(true)) == "true");
  CHECK(elixir(atom("Elixir.Groot.Storage")) == "Groot.Storage");
  CHECK(elixir(atom("Elixir.groot")) == ":\"Elixir.groot\"");
  CHECK(elixir(atom("Elixir")) == "Elixir");
  CHECK(elixir(atom("Elixir.Elixir")) == "Elixir.Elixir");
  CHECK(elixir(atom("Elixir.Elixir.Groot")) == "Elixir.Elixir.Groot");
  CHECK(elixir(ExportedFun{Atom{"Elixir"}, Atom{"get"}, 1}) == "&Elixir.get/1");
  CHECK(elixir(atom("a b")) == ":\"a b\"");
  CHECK(elixir(atom("ok?")) == ":ok?");
  CHECK(elixir(binary("a\"#{b}\n")) == R"("a\"\#{b}\n")");
  CHECK(elixir(Binary(Bytes{0, 255})) == "<<0, 255>>");
  CHECK(elixir(BitString{{255, 160}, 3}) == "<<255, 5::size(3)>>");
  CHECK(elixir(list({1, binary("x")})) == R"([1, "x"])");
  CHECK(elixir(List{{1, 2}, {atom("t")}}) == "[1, 2 | :t]");
  CHECK(elixir(list({'h', 'i'})) == "~c\"hi\"");
  CHECK(elixir(list({tuple({atom("a"), 1}), tuple({atom("b c"), 2})})) == R"([a: 1, "b c": 2])");
  CHECK(elixir(map({{atom("a"), list({1, binary("x")})}})) == R"(%{a: [1, "x"]})");
  CHECK(elixir(map({{1, 2}, {atom("a"), 3}})) == "%{1 => 2, :a => 3}");
  CHECK(elixir(map({})) == "%{}");
  CHECK(elixir(tuple({})) == "{}");
  CHECK(elixir(Pid{Atom{"n@h"}, 1, 0, 9}) == "#PID<n@h.1.0>");
  CHECK(elixir(Port{Atom{"n@h"}, 5, 9}) == "#Port<n@h.5>");
  CHECK(elixir(Reference{Atom{"n@h"}, 9, {1, 2, 3}}) == "#Reference<n@h.3.2.1>");
  CHECK(elixir(ExportedFun{Atom{"Elixir.Groot"}, Atom{"get"}, 1}) == "&Groot.get/1");
  CHECK(elixir(ExportedFun{Atom{"Elixir.Groot"}, Atom{"Get"}, 1}) == "&Groot.\"Get\"/1");
  CHECK(elixir(ExportedFun{Atom{"true"}, Atom{""}, 0}) == "&:true.\"\"/0");
  CHECK(elixir(ExportedFun{Atom{"lists"}, Atom{"map"}, 2}) == "&:lists.map/2");

  CHECK(erlang(atom("ok")) == "ok");
  CHECK(erlang(atom("receive")) == "'receive'");
  CHECK(erlang(atom("Elixir.Groot")) == "'Elixir.Groot'");
  CHECK(erlang(binary("hi")) == "<<\"hi\">>");
  CHECK(erlang(binary("\xCE\xB1")) == "<<\"\xCE\xB1\"/utf8>>");
  CHECK(erlang(binary("")) == "<<>>");
  CHECK(erlang(BitString{{160}, 3}) == "<<5:3>>");
  CHECK(erlang(map({{atom("a"), list({1, binary("x")})}})) == "#{a => [1,<<\"x\">>]}");
  CHECK(erlang(List{{1}, {2}}) == "[1|2]");
  CHECK(erlang(list({'h', 'i'})) == "\"hi\"");
  CHECK(erlang(Pid{Atom{"n@h"}, 1, 0, 9}) == "<n@h.1.0>");
  CHECK(erlang(Reference{Atom{"n@h"}, 9, {1, 2, 3}}) == "#Ref<n@h.3.2.1>");
  CHECK(erlang(ExportedFun{Atom{"lists"}, Atom{"map"}, 2}) == "fun lists:map/2");
}

TEST_CASE("text: a local fun shows where it comes from") {
  for (const auto& term : golden::terms()) {
    if (term.name != "fun_local") continue;
    CHECK(elixir(decoded(term)) == "#Function<3.123456 in m>");
    CHECK(erlang(decoded(term)) == "#Fun<m.3.123456>");
  }
}

TEST_CASE("text: notations that nothing prints") {
  const auto read = [](std::string_view text, Syntax syntax) {
    CAPTURE(text);
    return parse_term(text, syntax).value();
  };
  CHECK(read(" [ 1 ,\n 2 ] ", Syntax::elixir) == list({1, 2}));
  CHECK(read("0xFF", Syntax::elixir) == Term(255));
  CHECK(read("-0b101", Syntax::elixir) == Term(-5));
  CHECK(read("0o17", Syntax::elixir) == Term(15));
  CHECK(read("1_000_000", Syntax::elixir) == Term(1'000'000));
  CHECK(read("+1.5E+3", Syntax::elixir) == Term(1500.0));
  CHECK(read("16#ff", Syntax::erlang) == Term(255));
  CHECK(read("36#Zz", Syntax::erlang) == Term(35 * 36 + 35));
  CHECK(read("1_0", Syntax::erlang) == Term(10));
  CHECK(read("$a", Syntax::erlang) == Term('a'));
  CHECK(read("?\\n", Syntax::elixir) == Term('\n'));
  CHECK(read("'hi'", Syntax::elixir) == list({'h', 'i'}));
  CHECK(read("[a: 1, b?: [c: 2]]", Syntax::elixir) ==
        list({tuple({atom("a"), 1}), tuple({atom("b?"), list({tuple({atom("c"), 2})})})}));
  CHECK(read("[1, a: 2]", Syntax::elixir) == list({1, tuple({atom("a"), 2})}));
  CHECK(read("%{\"a b\": 1, c: nil,}", Syntax::elixir) ==
        map({{atom("a b"), 1}, {atom("c"), nil()}}));
  CHECK(read("[1 | [2 | [3]]]", Syntax::erlang) == list({1, 2, 3}));
  CHECK(read("%{1 => 2, 1 => 3}", Syntax::elixir) == map({{1, 3}}));
  CHECK(read(R"("\x41\u00e9\u{1F600}\0")", Syntax::elixir) ==
        binary(std::string_view("A\xC3\xA9\xF0\x9F\x98\x80\0", 8)));
  CHECK(read(R"("\xff")", Syntax::elixir) == Term(Binary(Bytes{255})));
  CHECK(read(R"(<<"a", 1, "\xff">>)", Syntax::elixir) == Term(Binary(Bytes{'a', 1, 255})));
  CHECK(read(R"(<<"\x{e9}">>)", Syntax::erlang) == Term(Binary(Bytes{0xE9})));
  CHECK(read(R"(<<"\x{e9}"/utf8>>)", Syntax::erlang) == Term(Binary(Bytes{0xC3, 0xA9})));
  CHECK(read(R"("\101\^A\s")", Syntax::erlang) == list({'A', 1, ' '}));
  CHECK(read("Elixir.Groot", Syntax::elixir) == atom("Elixir.Groot"));
  CHECK(read("Elixir", Syntax::elixir) == atom("Elixir"));
  CHECK(read("Elixir.Elixir.Groot", Syntax::elixir) == atom("Elixir.Elixir.Groot"));
  CHECK(read(":+", Syntax::elixir) == atom("+"));
  CHECK(read("<<5::3>>", Syntax::elixir) == Term(BitString{{160}, 3}));
  CHECK(read("<<1:8>>", Syntax::erlang) == Term(Binary(Bytes{1})));
}

TEST_CASE("text: what is no term is refused with its place") {
  for (const std::string_view text : {"",
                                      " ",
                                      "1 2",
                                      "[1",
                                      "[1,,2]",
                                      "{1",
                                      "%{1}",
                                      "%{1 =>",
                                      "%{a 1}",
                                      "foo",
                                      ":",
                                      "\"abc",
                                      "'abc",
                                      "\"#{x}\"",
                                      "0x",
                                      "0xg",
                                      "-",
                                      "- 1",
                                      "1.",
                                      "1.5e",
                                      "1e5",
                                      "1.0e999",
                                      "<<256>>",
                                      "<<-1>>",
                                      "<<1::3, 2>>",
                                      "<<1::9>>",
                                      "<<\"a\"",
                                      "[1 | 2, 3]",
                                      "[1 | 2 | 3]",
                                      "[| 1]",
                                      "&Foo",
                                      "&Foo.bar",
                                      "&Foo.bar/256",
                                      "&foo.bar/1",
                                      "#PID<0.1.0>",
                                      "\"\\u{110000}\"",
                                      "\"\\ud800\"",
                                      "\"\\xg\"",
                                      "?",
                                      "\\",
                                      "1__0",
                                      "foo: 1",
                                      "[a:1, 2",
                                      "Foo.bar",
                                      "\x01"}) {
    check_refused(text, Syntax::elixir);
  }
  for (const std::string_view text : {"",
                                      "Foo",
                                      "_",
                                      "a.",
                                      "'abc",
                                      "\"abc",
                                      "#{a}",
                                      "#{a=>}",
                                      "#{a=>1,}",
                                      "[1,]",
                                      "37#1",
                                      "1#1",
                                      "2#2",
                                      "16#",
                                      "$",
                                      "fun a",
                                      "fun a:b",
                                      "fun a:b/x",
                                      "<<\"\\x{100}\">>",
                                      "<<1:9>>",
                                      "<0.1.0>",
                                      "<<1:3,2>>",
                                      "a b",
                                      "999#1"}) {
    check_refused(text, Syntax::erlang);
  }
  check_refused("\"\xC0\x80\"", Syntax::elixir);
  CHECK(parse_term("[1, oops]").error().detail.find("byte") != std::string::npos);
}

TEST_CASE("text: every strict prefix of a container is refused") {
  const std::string text = R"(%{a: [1, "x"], {2.5, :b} => <<1, 5::size(3)>>, ~c"c" => [d: nil]})";
  REQUIRE(parse_term(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    check_refused(std::string_view(text).substr(0, size), Syntax::elixir);
  }
}

TEST_CASE("text: limits, just below and just above") {
  CHECK(parse_term(nested(tree_depth_max, "{", "}")));
  check_refused(nested(tree_depth_max + 1, "{", "}"), Syntax::elixir, codec_errc::too_deep);
  check_refused(nested(1'000'000, "[", "]"), Syntax::erlang, codec_errc::too_deep);

  CHECK(parse_term(":" + std::string(255, 'a')));
  check_refused(":" + std::string(256, 'a'), Syntax::elixir);
  CHECK(parse_term("'" + std::string(255, 'a') + "'", Syntax::erlang));
  check_refused("'" + std::string(256, 'a') + "'", Syntax::erlang);

  CHECK(parse_term(std::string(40'000, '9')));
  check_refused(std::string(40'001, '9'), Syntax::elixir, codec_errc::too_large);
  CHECK(parse_term("0x" + std::string(100'000, 'f')));
}

TEST_CASE("text: integers of any size survive, in decimal up to 16 KiB and in base 16 beyond") {
  for (const std::size_t size : {9U, 100U, 16U * 1024U, 16U * 1024U + 1U}) {
    CAPTURE(size);
    Bytes magnitude;
    for (std::size_t i = 0; i < size; ++i) {
      magnitude.push_back(static_cast<std::uint8_t>(i * 37 + 1));
    }
    magnitude.back() |= 1;
    const Term term = BigInteger{false, magnitude};
    CHECK(parses_back(term, Syntax::elixir));
    CHECK((elixir(term).find("0x") != std::string::npos) == (size > 16U * 1024U));
    CHECK(parses_back(BigInteger{true, magnitude}, Syntax::erlang));
  }
  CHECK(parses_back(INT64_MIN, Syntax::elixir));
  CHECK(parse_term("9223372036854775808")->get_if<BigInteger>() != nullptr);
  CHECK(parse_term("-9223372036854775808")->get_if<std::int64_t>() != nullptr);
}

}  // namespace groot::ei_codec
