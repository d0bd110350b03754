#include "cnode/process/exchange_messages.hpp"

#include <string>
#include <utility>

#include "cnode/process/limits.hpp"
#include "cnode/process/outbox.hpp"
#include "cnode/process/process_error.hpp"
#include "cnode/process/term_append.hpp"
#include "ei_codec/byte_reader.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

using ei_codec::ByteReader;
using ei_codec::ByteWriter;

constexpr std::uint8_t children_form = 255;
constexpr std::uint8_t first_kind = 1;

// ---- bodies: encode and decode side by side; a failed read sticks in the reader ----

void encode(const ExchangeReady&, Bytes&) {}
void decode(ByteReader&, ExchangeReady&) {}

void encode(const ExchangeRoot& root, Bytes& out) {
  ByteWriter(out).u64(root.fingerprint);
}
void decode(ByteReader& in, ExchangeRoot& root) {
  root.fingerprint = in.u64();
}

void encode(const ExchangeRootIs& root, Bytes& out) {
  ByteWriter(out).u64(root.fingerprint);
}
void decode(ByteReader& in, ExchangeRootIs& root) {
  root.fingerprint = in.u64();
}

void encode(const Prefix& prefix, Bytes& out) {
  ByteWriter(out).u8(static_cast<std::uint8_t>(prefix.depth)).u32(prefix.bits);
}
void decode(ByteReader& in, Prefix& prefix) {
  prefix.depth = in.u8();
  prefix.bits = in.u32();
  // An impossible one would be read on with a wrong number of children: fail here.
  if (!prefix.is_valid()) in.bytes(SIZE_MAX);
}

void decode_children(ByteReader& in, const Prefix& prefix, std::vector<std::uint32_t>& children) {
  if (prefix.child_bits() == 0) in.bytes(SIZE_MAX);
  for (unsigned i = 0; in.ok() && i < prefix.child_count(); ++i) children.push_back(in.u32());
}

void encode(const ExchangeCompare& compare, Bytes& out) {
  for (const auto& entry : compare.entries) {
    encode(entry.prefix, out);
    for (const std::uint32_t child : entry.children) ByteWriter(out).u32(child);
  }
}
void decode(ByteReader& in, ExchangeCompare& compare) {
  while (in.ok() && !in.rest().empty()) {
    auto& entry = compare.entries.emplace_back();
    decode(in, entry.prefix);
    decode_children(in, entry.prefix, entry.children);
  }
}

void encode(const ExchangeDiffer::Item& item, Bytes& out) {
  ByteWriter(out)
      .u64(item.hash)
      .u16(static_cast<std::uint16_t>(item.stamp.time_ms >> 32))
      .u32(static_cast<std::uint32_t>(item.stamp.time_ms))
      .u16(item.stamp.counter)
      .u64(item.stamp.node_id)
      .u8(item.check);
}
void decode(ByteReader& in, ExchangeDiffer::Item& item) {
  item.hash = in.u64();
  item.stamp.time_ms = std::uint64_t{in.u16()} << 32;
  item.stamp.time_ms |= in.u32();
  item.stamp.counter = in.u16();
  item.stamp.node_id = in.u64();
  item.check = in.u8();
}

void encode(const ExchangeDiffer& differ, Bytes& out) {
  for (const auto& entry : differ.entries) {
    encode(entry.prefix, out);
    if (!entry.children.empty()) {
      ByteWriter(out).u8(children_form);
      for (const std::uint32_t child : entry.children) ByteWriter(out).u32(child);
      continue;
    }
    ByteWriter(out).u8(static_cast<std::uint8_t>(entry.items.size()));
    for (const auto& item : entry.items) encode(item, out);
  }
}
void decode(ByteReader& in, ExchangeDiffer& differ) {
  while (in.ok() && !in.rest().empty()) {
    auto& entry = differ.entries.emplace_back();
    decode(in, entry.prefix);
    const std::uint8_t form = in.u8();
    if (form == children_form) {
      decode_children(in, entry.prefix, entry.children);
      continue;
    }
    for (unsigned i = 0; in.ok() && i < form; ++i) decode(in, entry.items.emplace_back());
  }
}

void encode(const ExchangeFetch& fetch, Bytes& out) {
  for (const HashRange& range : fetch.ranges) ByteWriter(out).u64(range.from).u64(range.to);
}
void decode(ByteReader& in, ExchangeFetch& fetch) {
  while (in.ok() && !in.rest().empty()) {
    HashRange range;
    range.from = in.u64();
    range.to = in.u64();
    if (range.from > range.to) in.bytes(SIZE_MAX);
    fetch.ranges.push_back(range);
  }
}

void encode(const ExchangeFetched& fetched, Bytes& out) {
  ByteWriter(out).u16(fetched.done).u64(fetched.next);
}
void decode(ByteReader& in, ExchangeFetched& fetched) {
  fetched.done = in.u16();
  fetched.next = in.u64();
}

void encode(const ExchangePushed&, Bytes&) {}
void decode(ByteReader&, ExchangePushed&) {}

void encode(const ExchangeTaken&, Bytes&) {}
void decode(ByteReader&, ExchangeTaken&) {}

// The body of the kind that the index stands for; the first of the variant when there is none.
template <std::size_t index = 0>
void decode_body(ByteReader& in, std::size_t wanted, ExchangeBody& body) {
  if constexpr (index < std::variant_size_v<ExchangeBody>) {
    if (wanted != index) return decode_body<index + 1>(in, wanted, body);
    decode(in, body.emplace<index>());
  } else {
    in.bytes(SIZE_MAX);
  }
}

}  // namespace

SharedMessage encode_exchange(const ExchangeMessage& message) {
  Bytes binary;
  ByteWriter(binary)
      .u8(static_cast<std::uint8_t>(first_kind + message.body.index()))
      .u32(message.round)
      .u32(message.number);
  std::visit([&binary](const auto& body) { encode(body, binary); }, message.body);
  Bytes out;
  out.reserve(binary.size() + 40);
  append_tuple(out, 2);
  append_atom(out, "$gen_cast");
  append_tuple(out, 2);
  append_atom(out, "exchange");
  append_binary(out, ei_codec::as_text(binary));
  return share(std::move(out));
}

Result<ExchangeMessage> decode_exchange(ScannedTerm cast) {
  const auto bad = [](const char* why) { return Error{process_errc::bad_exchange, why}; };
  ei_codec::TermReader reader(cast);
  if (reader.take_tuple() != 2U || !reader.take_atom("exchange")) return bad("not an exchange");
  const auto binary = reader.take_binary();
  if (!binary) return bad("not a binary");
  if (binary->size() > exchange_bytes_max) return bad("too long");
  ByteReader in(*binary);
  ExchangeMessage message;
  const std::size_t kind = in.u8();
  message.round = in.u32();
  message.number = in.u32();
  decode_body(in, kind - first_kind, message.body);
  if (!in.ok()) return bad("cut short, or of an unknown kind");
  if (!in.rest().empty()) return bad("too long for its kind");
  return message;
}

}  // namespace groot::process
