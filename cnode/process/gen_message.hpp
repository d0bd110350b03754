// The envelopes of OTP's behaviours, and how their calls are answered (distribution.md 6.2).
//
//   {'$gen_call', {Pid, Tag}, Request}    {'$gen_cast', Message}    {system, {Pid, Tag}, Request}
//
// Tag [alias|Ref]       the answer goes to the alias Ref
// Tag [[alias|A]|_]     to the alias A
// any other             to Pid
// The answer is {Tag, Reply}, the tag's bytes as they came.
#pragma once

#include <optional>
#include <variant>

#include "cnode/process/outbox.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot::process {

using ei_codec::ByteView;
using ei_codec::ScannedTerm;

// Where an answer goes. Owned: some answers come later.
struct ReplyTo {
  LinkId link = 0;
  Pid pid;
  std::optional<Reference> alias;
  Bytes tag;
};

struct GenCall {
  ReplyTo from;
  ScannedTerm request;
};
struct GenCast {
  ScannedTerm message;
};
struct SystemMessage {
  ReplyTo from;
  ScannedTerm request;
};
// Any other message, malformed envelopes included.
struct PlainMessage {
  ScannedTerm message;
};
using GenMessage = std::variant<GenCall, GenCast, SystemMessage, PlainMessage>;

[[nodiscard]] GenMessage read_gen_message(LinkId link, ScannedTerm message);

// {Pid, Tag}, as it stands in a call.
[[nodiscard]] std::optional<ReplyTo> read_reply_to(LinkId link, ScannedTerm from);

// Answers from the process `served`, or, with what takes long to send, from one that lives for this
// answer alone. `reply` is one encoded term.
void reply(Outbox& outbox, ServedPid served, const ReplyTo& to, ByteView reply);
void reply(Outbox& outbox, ServedPid served, const ReplyTo& to, const SharedMessage& reply);
void reply(Outbox& outbox, ServedPid served, const ReplyTo& to, const ei_codec::Term& term);

// {'$gen_cast', {What, Element}}; the element follows.
void append_cast(Bytes& out, std::string_view what);
// {'$gen_cast', Message}
[[nodiscard]] SharedBytes encode_cast(const ei_codec::Term& message);

// {error, {Code, Text}}: what a caller reads when its request was refused.
[[nodiscard]] ei_codec::Term error_reply(std::string_view code, std::string_view text);

// The head of a request for log lines: its atom, or its tuple's first atom and arity ("set/3").
// Never user data.
[[nodiscard]] std::string request_name(ScannedTerm request);

}  // namespace groot::process
