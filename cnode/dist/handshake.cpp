// The initiator (I) opened the connection, the acceptor (A) took it. Both end up having proved to
// the other that they know the cookie, without having shown it:
//
//     I: name(flags, creation)        who I am and what I understand
//     A: status                       ok · ok_simultaneous · nok · not_allowed · alive
//     I: status true|false            only after `alive`: is this attempt really meant?
//     A: challenge(flags, creation)   who I am, a random number
//     I: challenge_reply              digest of cookie and A's number, a random number
//     A: challenge_ack                digest of cookie and I's number
//
// The table. A message that finds no row for the state is a breach, as is one that does not decode;
// both close with bad_handshake. The two deciding_ states take no message: the owner knows the
// other connections and answers.
//
// clang-format off
//     state                     message              checks               reply, next state
//     awaiting_status           status ok*                                awaiting_challenge
//                               status alive                              AliveReceived, deciding_alive
//                               status nok                                closed nok
//                               status not_allowed                        closed not_allowed
//     deciding_alive            (true)                                    status true, awaiting_challenge
//                               (false)                                   status false, closed not_wanted
//     awaiting_challenge        challenge            name dialled, flags, challenge_reply, awaiting_ack
//                                                    not our own number
//     awaiting_ack              challenge_ack        digest               up
//     awaiting_name             name                 name, flags          NameReceived, deciding_name
//     deciding_name             (ok*)                                     status, challenge, awaiting_challenge_reply
//                               (alive)                                   status, awaiting_alive_reply
//                               (nok, not_allowed)                        status, closed
//     awaiting_alive_reply      status true                               challenge, awaiting_challenge_reply
//                               status false                              closed not_wanted
//     awaiting_challenge_reply  challenge_reply      digest               challenge_ack, up
// clang-format on
//
// The digest says that who sends it knows the cookie, and not to whom it says so. So whoever
// answers our dials could have us make the very digest that another handshake of ours asks for, by
// sending us our own number: it would be let in without the cookie. No number is answered that a
// handshake of this node has given out and still waits for.
//
// The old form of the name (tag 'n', version 5) is refused, as OTP 25.0 does: every peer that has
// the flags we require says 'N'.
#include "cnode/dist/handshake.hpp"

#include <algorithm>
#include <iterator>

#include "cnode/dist/challenge.hpp"
#include "cnode/dist/handshake_messages.hpp"

namespace groot::dist {

using ei_codec::ByteView;

struct Handshake::Row {
  State state;
  HandshakeTag tag;
  void (Handshake::*receive)(ByteView);
};

const Handshake::Row Handshake::table[] = {
    {State::awaiting_status, HandshakeTag::status, &Handshake::on_status},
    {State::awaiting_challenge, HandshakeTag::name_or_challenge, &Handshake::on_challenge},
    {State::awaiting_ack, HandshakeTag::challenge_ack, &Handshake::on_ack},
    {State::awaiting_name, HandshakeTag::name_or_challenge, &Handshake::on_name},
    {State::awaiting_alive_reply, HandshakeTag::status, &Handshake::on_alive_reply},
    {State::awaiting_challenge_reply, HandshakeTag::challenge_reply,
     &Handshake::on_challenge_reply},
};

Handshake::Handshake(const Identity& self, NodeName peer, std::string cookie,
                     std::uint32_t challenge, IsOurs is_ours)
    : self_(self),
      peer_{.name = std::move(peer), .creation = 0, .flags = {}},
      cookie_(std::move(cookie)),
      challenge_(challenge),
      is_ours_(std::move(is_ours)),
      state_(State::awaiting_status) {
  encode(SendName{self_.flags, self_.creation, self_.name}, output_);
}

Handshake::Handshake(const Identity& self, std::uint32_t challenge)
    : self_(self), challenge_(challenge), state_(State::awaiting_name) {}

bool Handshake::wants_message() const {
  return std::ranges::any_of(table, [this](const Row& row) { return row.state == state_; });
}

void Handshake::receive(ByteView message) {
  invariant(wants_message(), "the handshake takes no message while a decision is awaited");
  const auto row = std::ranges::find_if(table, [&](const Row& candidate) {
    return candidate.state == state_ && !message.empty() &&
           static_cast<std::uint8_t>(candidate.tag) == message.front();
  });
  if (row == std::end(table)) {
    close({dist_errc::bad_handshake, message.empty() ? "an empty message"
                                                     : "tag " + std::to_string(message.front()) +
                                                           " where it does not belong"});
    return;
  }
  (this->*row->receive)(message);
}

// ---- initiator ----

void Handshake::on_status(ByteView message) {
  const Result<Status> status = decode_status(message);
  if (!status) return close(status.error());
  if (status->text == "ok" || status->text == "ok_simultaneous") {
    state_ = State::awaiting_challenge;
  } else if (status->text == "alive") {
    state_ = State::deciding_alive;
    events_.push_back(AliveReceived{});
  } else if (status->text == "nok") {
    close({dist_errc::nok, {}});
  } else if (status->text == "not_allowed") {
    close({dist_errc::not_allowed, {}});
  } else {
    close({dist_errc::bad_handshake, "status " + status->text});
  }
}

void Handshake::answer_alive(bool wanted) {
  if (state_ != State::deciding_alive) return;
  send_status(wanted ? "true" : "false");
  if (!wanted) return close({dist_errc::not_wanted, {}});
  state_ = State::awaiting_challenge;
}

void Handshake::on_challenge(ByteView message) {
  const Result<Challenge> challenge = decode_challenge(message);
  if (!challenge) return close(challenge.error());
  if (challenge->name != peer_.name) {
    return close({dist_errc::wrong_name, challenge->name.full()});
  }
  if (!negotiate(challenge->flags)) return;
  if (challenge->challenge == challenge_ || (is_ours_ && is_ours_(challenge->challenge))) {
    return close({dist_errc::reflected_challenge, {}});
  }
  peer_.creation = challenge->creation;
  encode(ChallengeReply{challenge_, make_digest(cookie_, challenge->challenge)}, output_);
  state_ = State::awaiting_ack;
}

void Handshake::on_ack(ByteView message) {
  const Result<ChallengeAck> ack = decode_challenge_ack(message);
  if (!ack) return close(ack.error());
  if (!same_digest(ack->digest, make_digest(cookie_, challenge_))) {
    return close({dist_errc::wrong_cookie, {}});
  }
  come_up();
}

// ---- acceptor ----

void Handshake::on_name(ByteView message) {
  const Result<SendName> name = decode_send_name(message);
  if (!name) return close(name.error());
  peer_.name = name->name;
  peer_.creation = name->creation;
  if (!missing_flags(mandatory_flags, expand_digest(name->flags)).empty()) {
    send_status("not_allowed");
  }
  if (!negotiate(name->flags)) return;
  state_ = State::deciding_name;
  events_.push_back(NameReceived{peer_});
}

void Handshake::answer_name(NameAnswer answer, std::string cookie) {
  if (state_ != State::deciding_name) return;
  cookie_ = std::move(cookie);
  switch (answer) {
    case NameAnswer::ok:
      send_status("ok");
      return send_challenge();
    case NameAnswer::ok_simultaneous:
      send_status("ok_simultaneous");
      return send_challenge();
    case NameAnswer::alive:
      send_status("alive");
      replaces_ = true;
      state_ = State::awaiting_alive_reply;
      return;
    case NameAnswer::nok:
      send_status("nok");
      return close({dist_errc::nok, {}});
    case NameAnswer::not_allowed:
      send_status("not_allowed");
      return close({dist_errc::not_allowed, "refused by this node"});
  }
}

void Handshake::on_alive_reply(ByteView message) {
  const Result<Status> status = decode_status(message);
  if (!status) return close(status.error());
  if (status->text == "true") return send_challenge();
  if (status->text == "false") return close({dist_errc::not_wanted, {}});
  close({dist_errc::bad_handshake, "status " + status->text + " in answer to alive"});
}

void Handshake::on_challenge_reply(ByteView message) {
  const Result<ChallengeReply> reply = decode_challenge_reply(message);
  if (!reply) return close(reply.error());
  if (!same_digest(reply->digest, make_digest(cookie_, challenge_))) {
    return close({dist_errc::wrong_cookie, {}});
  }
  if (replaces_) events_.push_back(ReplacementProved{peer_});
  encode(ChallengeAck{make_digest(cookie_, reply->challenge)}, output_);
  come_up();
}

// ---- both ----

Error Handshake::meaning_of_close() const {
  // A BEAM that finds our digest wrong closes without a word.
  if (state_ == State::awaiting_ack) return {dist_errc::refused_cookie, {}};
  return {dist_errc::peer_closed, "during the handshake"};
}

std::optional<HandshakeEvent> Handshake::next_event() {
  if (events_.empty()) return std::nullopt;
  HandshakeEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void Handshake::send_challenge() {
  encode(Challenge{self_.flags, challenge_, self_.creation, self_.name}, output_);
  state_ = State::awaiting_challenge_reply;
}

void Handshake::send_status(const char* text) {
  encode(Status{text}, output_);
}

bool Handshake::negotiate(Flags theirs) {
  const Flags offered = expand_digest(theirs);
  const std::string missing = missing_flags(mandatory_flags, offered);
  if (!missing.empty()) {
    close({dist_errc::missing_flags, missing});
    return false;
  }
  peer_.flags = offered & self_.flags;
  return true;
}

void Handshake::come_up() {
  state_ = State::up;
  events_.push_back(Up{peer_});
}

void Handshake::close(Error reason) {
  state_ = State::closed;
  events_.push_back(Closed{std::move(reason)});
}

}  // namespace groot::dist
