#include "cnode/dist/epmd_messages.hpp"

#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/dist_error.hpp"
#include "cpp_tests/dist/golden_file.hpp"

using namespace groot::dist;
using groot::ei_codec::as_bytes;
using groot::ei_codec::Bytes;
using groot::ei_codec::ByteView;

namespace {

// Every strict prefix asks for more; the whole, and the whole with bytes behind it, decode.
template <class Decode>
auto decode_in_three_feeds(Decode decode, const Bytes& whole) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const auto part = decode(ByteView(whole).first(size));
    REQUIRE(part);
    CHECK_FALSE(part->has_value());
  }
  Bytes longer = whole;
  longer.push_back(0xff);
  REQUIRE(decode(longer));
  CHECK(decode(longer)->has_value());
  const auto decoded = decode(whole);
  REQUIRE(decoded);
  REQUIRE(decoded->has_value());
  return **decoded;
}

}  // namespace

TEST_CASE("a registration says where the node listens and that it is hidden") {
  const Bytes hidden = encode(Alive2Request{.alive_name = "groot", .port = 4321, .hidden = true});
  CHECK(hidden ==
        Bytes{0, 18, 120, 0x10, 0xe1, 72, 0, 0, 6, 0, 5, 0, 5, 'g', 'r', 'o', 'o', 't', 0, 0});
  const Bytes visible = encode(Alive2Request{.alive_name = "groot", .port = 4321, .hidden = false});
  CHECK(visible[5] == 77);
}

TEST_CASE("requests") {
  CHECK(encode_port_please2_request("peer") == Bytes{0, 5, 122, 'p', 'e', 'e', 'r'});
}

TEST_CASE("epmd's answer to a registration") {
  const Bytes x_resp = golden::bytes("epmd_alive2_x_resp");
  const Alive2Response fresh = decode_in_three_feeds(decode_alive2_response, x_resp);
  CHECK(fresh.registered);
  CHECK(fresh.creation > 3);
  CHECK(fresh.creation == (std::uint32_t{x_resp[2]} << 24 | std::uint32_t{x_resp[3]} << 16 |
                           std::uint32_t{x_resp[4]} << 8 | std::uint32_t{x_resp[5]}));

  CHECK_FALSE(
      decode_in_three_feeds(decode_alive2_response, golden::bytes("epmd_alive2_taken")).registered);

  const Alive2Response old =
      decode_in_three_feeds(decode_alive2_response, golden::bytes("epmd_alive2_resp"));
  CHECK(old.registered);
  CHECK(old.creation >= 1);
  CHECK(old.creation <= 3);
}

TEST_CASE("epmd's answer to a look-up") {
  // The last two bytes count the extra data, of which nothing is needed.
  Bytes found = golden::bytes("epmd_port2_resp");
  found.resize(found.size() - 2);
  const Port2Response peer = decode_in_three_feeds(decode_port2_response, found);
  CHECK(peer.port == 4321);
  CHECK(peer.highest_version == 6);
  CHECK(peer.lowest_version == 5);

  CHECK_FALSE(
      decode_in_three_feeds(decode_port2_response, golden::bytes("epmd_port2_unknown")).port);
}

TEST_CASE("what epmd would not say is refused at the first byte that is wrong") {
  CHECK(decode_alive2_response(Bytes{119}).error().code == dist_errc::bad_epmd_reply);
  CHECK(decode_port2_response(Bytes{118}).error().code == dist_errc::bad_epmd_reply);
  Bytes reply = golden::bytes("epmd_port2_resp");
  reply[2] = reply[3] = 0;
  CHECK_FALSE(decode_port2_response(reply));
  reply = golden::bytes("epmd_port2_resp");
  reply[5] = 1;  // another protocol than TCP
  CHECK_FALSE(decode_port2_response(reply));
}
