#include "cnode/dist/node_name.hpp"

#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/limits.hpp"

using namespace groot::dist;

TEST_CASE("a node name is split at its @") {
  const auto name = NodeName::parse("groot-1_A@box");
  REQUIRE(name);
  CHECK(name->full() == "groot-1_A@box");
  CHECK(name->alive() == "groot-1_A");
  CHECK(name->host() == "box");
  CHECK_FALSE(name->is_long());
}

TEST_CASE("a host with a dot or a colon makes a long name") {
  CHECK(NodeName::parse("a@box.example.com")->is_long());
  CHECK(NodeName::parse("a@127.0.0.1")->is_long());
  CHECK(NodeName::parse("a@::1")->is_long());
  CHECK_FALSE(NodeName::parse("a@box")->is_long());
}

TEST_CASE("what is no node name is refused") {
  for (const char* text : {"", "@", "a", "a@", "@box", "a@b@c", "a b@box", "a.b@box", "ä@box",
                           "a@bo x", "a@box\n", "a\n@box", "a@b\xc3\xa4", "a/b@box"}) {
    CAPTURE(text);
    const auto name = NodeName::parse(text);
    REQUIRE_FALSE(name);
    CHECK(name.error().code == dist_errc::bad_node_name);
  }
  using namespace std::string_view_literals;
  CHECK_FALSE(NodeName::parse("a@bo\0x"sv));
}

TEST_CASE("a name has at most as many bytes as an atom") {
  const std::string longest = "a@" + std::string(node_name_bytes_max - 2, 'h');
  CHECK(NodeName::parse(longest));
  CHECK_FALSE(NodeName::parse(longest + "h"));
}

TEST_CASE("names are ordered by their bytes") {
  CHECK(*NodeName::parse("a@z") < *NodeName::parse("b@a"));
  CHECK(*NodeName::parse("Z@h") < *NodeName::parse("a@h"));
  CHECK(*NodeName::parse("a@h") == *NodeName::parse("a@h"));
}

TEST_CASE("an empty name has empty parts") {
  CHECK(NodeName().alive().empty());
  CHECK(NodeName().host().empty());
}
