#include "pair.hpp"

#include <algorithm>
#include <map>

#include "cnode/process/replication.hpp"

namespace groot::process::testing {

void Pair::connect() {
  connect_quietly();
  settle();
}

void Pair::connect_quietly() {
  to_b_ = a.up("b@h");
  to_a_ = b.up("a@h");
}

void Pair::cut() {
  a.down(to_b_);
  b.down(to_a_);
  gather();
  from_a.clear();
  from_b.clear();
}

void Pair::gather() {
  for (Sent& sent : a.take_sent()) from_a.push_back(std::move(sent));
  for (Sent& sent : b.take_sent()) from_b.push_back(std::move(sent));
}

int Pair::carry(int frames_max) {
  int carried = 0;
  while (carried < frames_max) {
    gather();
    if (from_a.empty() && from_b.empty()) break;
    // In turns, so that neither runs ahead.
    const bool a_speaks = !from_a.empty() && (carried % 2 == 0 || from_b.empty());
    auto& from = a_speaks ? from_a : from_b;
    const Sent sent = std::move(from.front());
    from.pop_front();
    deliver(a_speaks ? b : a, a_speaks ? to_a_ : to_b_, sent);
    ++carried;
    REQUIRE(carried < 100'000);
  }
  return carried;
}

void Pair::pass(std::int64_t ms) {
  for (std::int64_t passed = 0; passed < ms; passed += 50) {
    a.pass(50);
    b.pass(50);
    settle();
  }
}

void Pair::deliver(Script& to, LinkId link, const Sent& sent) {
  on_frame(sent);
  bytes_ += sent.bytes;
  largest_ = std::max(largest_, sent.bytes);
  const auto* named = sent.get<dist::RegSend>();
  if (named && named->to == storage_name) ++to_storage_;
  hand_over(sent, to, link);
}

void hand_over(const Sent& sent, Script& to, LinkId link) {
  const bool has_message = sent.get<dist::RegSend>() || sent.get<dist::Send>() ||
                           sent.get<dist::AliasSend>() || sent.get<dist::SpawnRequest>() ||
                           sent.get<dist::Exit>() || sent.get<dist::Exit2>() ||
                           sent.get<dist::MonitorPExit>();
  if (has_message) {
    to.receive(link, sent.control, sent.message);
  } else {
    to.receive(link, sent.control);
  }
}

bool Pair::equal() const {
  return contents(a.replica) == contents(b.replica);
}

std::map<std::string, std::string> contents(const store::Replica& replica) {
  std::map<std::string, std::string> all;
  replica.for_each([&all](const store::RegisterPtr& reg) {
    std::string words = reg->is_tombstone() ? "deleted" : text(reg->value());
    words += " " + to_text(reg->stamp());
    if (const auto at = reg->expires_at_ms()) words += " until " + std::to_string(*at);
    all[text(reg->key())] = words;
  });
  return all;
}

}  // namespace groot::process::testing
