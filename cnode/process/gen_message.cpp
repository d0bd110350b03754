#include "cnode/process/gen_message.hpp"

#include "cnode/process/term_append.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

using ei_codec::TermKind;
using ei_codec::TermReader;

template <class T>
std::optional<T> decode_as(ScannedTerm term) {
  auto decoded = decode_term(term);
  if (!decoded) return std::nullopt;
  auto value = (*std::move(decoded)).value();
  T* found = std::get_if<T>(&value);
  return found != nullptr ? std::optional<T>(std::move(*found)) : std::nullopt;
}

// [alias|Ref], an improper list of one element.
std::optional<Reference> read_alias(TermReader reader) {
  if (reader.take_list() != 1U || !reader.take_atom("alias")) return std::nullopt;
  if (reader.kind() != TermKind::reference) return std::nullopt;
  return decode_as<Reference>(reader.take_term());
}

std::optional<Reference> alias_of_tag(ScannedTerm tag) {
  if (auto alias = read_alias(TermReader(tag))) return alias;
  TermReader reader(tag);
  if (!reader.take_list()) return std::nullopt;
  return read_alias(reader);
}

// `message` is {Tag, Reply}.
void send_reply(Outbox& outbox, ServedPid served, const ReplyTo& to, SharedMessage message) {
  const Pid from = outbox.sender(served, message);
  if (to.alias) {
    outbox.send(to.link, dist::AliasSend{from, *to.alias}, std::move(message));
  } else {
    outbox.send(to.link, dist::Send{from, to.pid}, std::move(message));
  }
}

}  // namespace

std::optional<ReplyTo> read_reply_to(LinkId link, ScannedTerm from) {
  TermReader reader(from);
  if (reader.take_tuple() != 2U || reader.kind() != TermKind::pid) return std::nullopt;
  auto pid = decode_as<Pid>(reader.take_term());
  if (!pid) return std::nullopt;
  const ScannedTerm tag = reader.take_term();
  return ReplyTo{link, *std::move(pid), alias_of_tag(tag),
                 Bytes(tag.bytes().begin(), tag.bytes().end())};
}

GenMessage read_gen_message(LinkId link, ScannedTerm message) {
  TermReader reader(message);
  const auto arity = reader.take_tuple();
  if (arity == 2U && reader.take_atom("$gen_cast")) return GenCast{reader.take_last_term()};
  if (arity != 3U) return PlainMessage{message};
  const bool is_call = reader.take_atom("$gen_call");
  if (!is_call && !reader.take_atom("system")) return PlainMessage{message};
  auto from = read_reply_to(link, reader.take_term());
  if (!from) return PlainMessage{message};
  if (is_call) return GenCall{*std::move(from), reader.take_last_term()};
  return SystemMessage{*std::move(from), reader.take_last_term()};
}

void reply(Outbox& outbox, ServedPid served, const ReplyTo& to, ByteView reply) {
  Bytes message;
  message.reserve(2 + to.tag.size() + reply.size());
  append_tuple(message, 2);
  append_bytes(message, to.tag);
  append_bytes(message, reply);
  send_reply(outbox, served, to, share(std::move(message)));
}

void reply(Outbox& outbox, ServedPid served, const ReplyTo& to, const SharedMessage& reply) {
  Bytes head;
  append_tuple(head, 2);
  append_bytes(head, to.tag);
  send_reply(outbox, served, to, reply.behind(std::move(head)));
}

void reply(Outbox& outbox, ServedPid served, const ReplyTo& to, const ei_codec::Term& term) {
  reply(outbox, served, to, encode_term(term));
}

void append_cast(Bytes& out, std::string_view what) {
  append_tuple(out, 2);
  append_atom(out, "$gen_cast");
  append_tuple(out, 2);
  append_atom(out, what);
}

SharedBytes encode_cast(const ei_codec::Term& message) {
  Bytes bytes;
  append_tuple(bytes, 2);
  append_atom(bytes, "$gen_cast");
  encode_term(message, bytes);
  return share(std::move(bytes));
}

ei_codec::Term error_reply(std::string_view code, std::string_view text) {
  return ei_codec::tuple(
      {ei_codec::atom("error"), ei_codec::tuple({ei_codec::atom(code), ei_codec::binary(text)})});
}

std::string request_name(ScannedTerm request) {
  TermReader reader(request);
  if (auto name = reader.take_any_atom()) return *name;
  const auto arity = reader.take_tuple();
  if (!arity) return "a term";
  if (*arity == 0) return "{}";
  const auto name = reader.take_any_atom();
  return "{" + (name ? *name : "_") + "} of " + std::to_string(*arity);
}

}  // namespace groot::process
