#include "cnode/process/outbox.hpp"

#include <algorithm>

#include "cnode/process/limits.hpp"

namespace groot::process {

Outbox::Outbox(const RouterOptions& options)
    : node_{options.self.full()},
      creation_(options.creation),
      reference_salt_(static_cast<std::uint32_t>(options.random())) {}

void Outbox::send(LinkId link, Control control, SharedMessage message) {
  actions_.emplace_back(SendFrame{link, std::move(control), std::move(message)});
}

void Outbox::send_to_name(LinkId link, ServedPid from, std::string_view name,
                          SharedMessage message) {
  send(link, dist::RegSend{pid(from), std::string(name)}, std::move(message));
}

void Outbox::send_to_name(std::vector<LinkId> links, ServedPid from, std::string_view name,
                          SharedMessage message) {
  actions_.emplace_back(SendFrames{std::move(links), dist::RegSend{pid(from), std::string(name)},
                                   std::move(message)});
}

void Outbox::expect(std::size_t count) {
  // A hint that grows by less than the vector would by itself must not defeat its doubling.
  if (count > actions_.capacity() - actions_.size()) {
    actions_.reserve(std::max(actions_.size() + count, 2 * actions_.capacity()));
  }
}

void Outbox::log(LogLine::Level level, std::string text) {
  actions_.emplace_back(LogLine{level, std::move(text), {}, {}});
}

void Outbox::log_repeated(std::string_view peer, std::string_view cause, std::string text) {
  actions_.emplace_back(
      LogLine{LogLine::Level::warning, std::move(text), std::string(peer), std::string(cause)});
}

Pid Outbox::pid(std::uint32_t id, std::uint32_t serial) const {
  return {node_, id, serial, creation_};
}

Pid Outbox::sender(ServedPid served, const SharedMessage& message) {
  if (message.size() <= lone_message_bytes_min) return pid(served);
  return pid(static_cast<std::uint32_t>(ServedPid::large_answer), ++large_answers_);
}

ServedPid sender_of(const SharedMessage& message) {
  return message.size() > lone_message_bytes_min ? ServedPid::large_updates : ServedPid::storage;
}

bool Outbox::is_ours(const Pid& pid) const {
  return pid.creation == creation_ && pid.node == node_;
}

Reference Outbox::new_reference() {
  // The first word of a BEAM's reference has 18 bits; so have ours.
  const std::uint64_t number = ++references_;
  return {node_,
          creation_,
          {static_cast<std::uint32_t>(number & 0x3ffff), static_cast<std::uint32_t>(number >> 18),
           reference_salt_}};
}

}  // namespace groot::process
