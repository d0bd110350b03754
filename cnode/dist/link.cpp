#include "cnode/dist/link.hpp"

#include <limits>
#include <utility>

#include "cnode/dist/fragment_reader.hpp"
#include "cnode/dist/frame_reader.hpp"
#include "cnode/dist/limits.hpp"
#include "cnode/dist/operation.hpp"
#include "cnode/dist/output_queue.hpp"
#include "cnode/dist/tick.hpp"

namespace groot::dist {

namespace {

constexpr std::size_t handshake_length_bytes = 2;

// What the codec finds wrong with a frame is the peer's breach of the protocol.
Error as_breach(const Error& error) {
  if (error.code.category() == dist_category()) return error;
  return {dist_errc::bad_frame, error.text()};
}

// No handshake message is so long that its length begins like a TLS record (RFC 8446, 5.1).
bool begins_tls_record(std::uint8_t byte) {
  return byte >= 20 && byte <= 23;
}

}  // namespace

struct Link::Impl {
  enum class State : std::uint8_t { handshake, up, closed };

  Impl(const Identity& self, Handshake started, std::int64_t now_ms)
      : backlog_bytes_max(self.backlog_bytes_max),
        tick(self.net_ticktime_ms, now_ms),
        handshake(std::move(started)),
        step_started_ms(now_ms),
        ticktime_ms(self.net_ticktime_ms),
        last_fed_ms(now_ms) {
    collect_handshake_output();
  }

  // Takes what the handshake has to say and to report.
  void collect_handshake() {
    collect_handshake_output();
    while (std::optional<HandshakeEvent> event = handshake.next_event()) {
      if (const auto* closed = std::get_if<Closed>(&*event)) {
        close(closed->reason);
        return;
      }
      if (std::holds_alternative<Up>(*event)) {
        state = State::up;
        reader.set_framing(frame_length_bytes, frame_bytes_max);
        tick = Tick(ticktime_ms, last_fed_ms);
      }
      std::visit([this](auto& each) { events.emplace_back(std::move(each)); }, *event);
    }
  }

  void collect_handshake_output() {
    const Bytes bytes = handshake.take_output();
    if (bytes.empty()) return;
    backlog += bytes.size();
    output.append(bytes);
  }

  void close(Error reason) {
    if (state == State::closed) return;
    state = State::closed;
    events.emplace_back(Closed{std::move(reason)});
  }

  // `queue` returns the bytes that it has added.
  template <class Queue>
  void send(std::size_t message_bytes, Queue&& queue) {
    invariant(state == State::up, "only a link that is up can send");
    // Before it is framed: a state of gigabytes, which a peer may ask for, has no frame.
    if (!keep_below_limit(message_bytes)) return;
    backlog += queue();
    (void)keep_below_limit(backlog);
  }

  bool keep_below_limit(std::size_t bytes) {
    if (bytes <= backlog_bytes_max) return true;
    output.clear();
    close({dist_errc::backlog_full, std::to_string(bytes) + " bytes"});
    return false;
  }

  // One frame or handshake message further; false when there is none.
  bool advance() {
    if (state == State::closed || (state == State::handshake && !handshake.wants_message())) {
      return false;
    }
    const Result<std::optional<ByteView>> bytes = reader.next();
    if (!bytes) {
      close(state == State::handshake ? broken_handshake(bytes.error()) : bytes.error());
      return true;
    }
    if (!bytes->has_value()) return false;
    const ByteView message = **bytes;
    if (state == State::handshake) {
      handshake.receive(message);
      step_started_ms = last_fed_ms;
      collect_handshake();
    } else if (!message.empty()) {  // else a tick: its arrival was noted by feed
      Result<std::optional<Frame>> frame = read_frame(message);
      if (!frame) {
        close(as_breach(frame.error()));
      } else if (frame->has_value()) {
        events.emplace_back(FrameReceived{std::move(**frame)});
      }
    }
    return true;
  }

  // Nothing: a fragment of a message that is not whole yet.
  Result<std::optional<Frame>> read_frame(ByteView body) {
    const auto some = [](Result<Frame> frame) -> Result<std::optional<Frame>> {
      if (!frame) return frame.error();
      return std::optional<Frame>(*std::move(frame));
    };
    if (!handshake.peer().flags.has(Flag::fragments)) return some(decode_frame(body));
    Result<std::optional<FragmentReader::Terms>> terms = fragments.read(body);
    if (!terms) return terms.error();
    if (!terms->has_value()) return std::optional<Frame>();
    return some(decode_terms((*terms)->bytes, std::move((*terms)->buffer)));
  }

  Error broken_handshake(const Error& error) const {
    return {dist_errc::bad_handshake, first_byte && begins_tls_record(*first_byte)
                                          ? "the peer speaks TLS, which this node does not"
                                          : error.text()};
  }

  // What one small message touches, side by side: with many links all of it has left the caches
  // since the last one.
  State state = State::handshake;
  std::size_t backlog = 0;
  std::size_t backlog_bytes_max;
  Tick tick;
  OutputQueue output;

  Handshake handshake;
  std::int64_t step_started_ms;
  std::int64_t ticktime_ms;
  std::int64_t last_fed_ms;
  std::deque<LinkEvent> events;
  std::optional<std::uint8_t> first_byte;
  FrameReader reader{handshake_length_bytes, handshake_message_bytes_max};
  FragmentReader fragments;
};

Link::Link(const Identity& self, NodeName peer, std::string cookie, std::uint32_t challenge,
           std::int64_t now_ms, Handshake::IsOurs is_ours)
    : impl_(std::make_unique<Impl>(
          self, Handshake(self, std::move(peer), std::move(cookie), challenge, std::move(is_ours)),
          now_ms)) {}

Link::Link(const Identity& self, std::uint32_t challenge, std::int64_t now_ms)
    : impl_(std::make_unique<Impl>(self, Handshake(self, challenge), now_ms)) {}

Link::~Link() = default;

void Link::feed(ByteView bytes, std::int64_t now_ms) {
  if (impl_->state == Impl::State::closed) return;
  impl_->last_fed_ms = now_ms;
  impl_->tick.received(now_ms);
  if (!impl_->first_byte && !bytes.empty()) impl_->first_byte = bytes.front();
  impl_->reader.feed(bytes);
}

std::optional<LinkEvent> Link::next_event() {
  while (impl_->events.empty() && impl_->advance()) {
  }
  if (impl_->events.empty()) {
    impl_->reader.keep();
    return std::nullopt;
  }
  LinkEvent event = std::move(impl_->events.front());
  impl_->events.pop_front();
  return event;
}

void Link::answer_name(NameAnswer answer, std::string cookie, std::int64_t now_ms) {
  if (impl_->state != Impl::State::handshake) return;
  impl_->handshake.answer_name(answer, std::move(cookie));
  impl_->step_started_ms = now_ms;
  impl_->collect_handshake();
}

void Link::answer_alive(bool wanted, std::int64_t now_ms) {
  if (impl_->state != Impl::State::handshake) return;
  impl_->handshake.answer_alive(wanted);
  impl_->step_started_ms = now_ms;
  impl_->collect_handshake();
}

void Link::send(const Control& control, SharedMessage message) {
  impl_->send(message.size(),
              [&] { return impl_->output.send(control, std::move(message), peer().flags); });
}

void Link::send(Broadcast& broadcast) {
  impl_->send(broadcast.message().size(),
              [&] { return impl_->output.send(broadcast, peer().flags); });
}

void Link::peer_closed(std::int64_t now_ms) {
  impl_->last_fed_ms = now_ms;
  impl_->output.clear();
  impl_->close(impl_->state == Impl::State::handshake ? impl_->handshake.meaning_of_close()
                                                      : Error{dist_errc::peer_closed, {}});
}

bool Link::is_silent(std::int64_t now_ms) const {
  return impl_->tick.is_silent(now_ms);
}

void Link::close(Error reason) {
  impl_->close(std::move(reason));
}

void Link::give_up(Error reason) {
  impl_->output.clear();
  impl_->close(std::move(reason));
}

void Link::wake(std::int64_t now_ms) {
  if (impl_->state == Impl::State::handshake) {
    if (now_ms - impl_->step_started_ms >= handshake_timeout_ms) {
      impl_->close({dist_errc::handshake_timeout, {}});
    }
    return;
  }
  if (impl_->state == Impl::State::closed) return;
  if (impl_->tick.is_dead(now_ms)) {
    impl_->output.clear();
    impl_->close({dist_errc::tick_timeout, {}});
  } else if (impl_->tick.is_due(now_ms)) {
    // Queued bytes say as much as a tick, and one more would only wait behind them; but fragments
    // it goes ahead of.
    if (impl_->backlog == 0 || impl_->output.only_fragments()) {
      constexpr std::uint8_t empty_frame[frame_length_bytes] = {};
      impl_->output.append(empty_frame);
      impl_->backlog += frame_length_bytes;
    }
    impl_->tick.written(now_ms);
  }
}

std::optional<std::int64_t> Link::next_deadline_ms() const {
  switch (impl_->state) {
    case Impl::State::handshake:
      return impl_->step_started_ms + handshake_timeout_ms;
    case Impl::State::up:
      return impl_->tick.next_deadline_ms();
    case Impl::State::closed:
      break;
  }
  return std::nullopt;
}

bool Link::has_heard() const {
  return impl_->first_byte.has_value();
}

std::optional<std::uint32_t> Link::open_challenge() const {
  return impl_->state == Impl::State::handshake ? impl_->handshake.open_challenge() : std::nullopt;
}

bool Link::is_up() const {
  return impl_->state == Impl::State::up;
}

const PeerInfo& Link::peer() const {
  return impl_->handshake.peer();
}

bool Link::has_output() const {
  return !impl_->output.empty();
}

std::vector<OutputChunk> Link::take_output(std::vector<OutputChunk> emptied) {
  return impl_->output.take(fragments_at_once_bytes, std::move(emptied));
}

std::vector<OutputChunk> Link::take_last_output() {
  return impl_->output.take(std::numeric_limits<std::size_t>::max());
}

void Link::written(std::size_t bytes, std::int64_t now_ms) {
  invariant(bytes <= impl_->backlog, "no more is written than was queued");
  impl_->backlog -= bytes;
  impl_->tick.written(now_ms);
}

std::size_t Link::backlog_bytes() const {
  return impl_->backlog;
}

}  // namespace groot::dist
