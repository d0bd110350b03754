// A process of this node that lives under a registered name as long as the node: takes the
// envelopes off, answers what it does not know readably, and never dies of a message.
#pragma once

#include <string_view>
#include <vector>

#include "cnode/process/gen_message.hpp"
#include "cnode/process/peers.hpp"
#include "cnode/process/requests.hpp"

namespace groot::process {

// A message that reached a process of ours. Views: valid during the call.
struct Delivery {
  LinkId link = 0;
  std::string_view peer;    // the name of the node at the other end of the link
  std::optional<Pid> from;  // where the sender said so
  ScannedTerm message;
};

class ServedProcess {
 public:
  ServedProcess(Outbox& outbox, ServedPid pid, std::string_view name)
      : outbox_(outbox), pid_(pid), name_(name) {}
  virtual ~ServedProcess() = default;
  ServedProcess(const ServedProcess&) = delete;
  ServedProcess& operator=(const ServedProcess&) = delete;

  void receive(const Delivery& delivery, Requests& requests, const Now& now);

  [[nodiscard]] ServedPid pid() const { return pid_; }
  [[nodiscard]] std::string_view name() const { return name_; }
  // What sys:get_state shows, one term. `nil` where there is nothing to see.
  virtual void append_state(Bytes& out) const;
  // What sys:get_status shows beside that: {Label :: charlist, _} each.
  [[nodiscard]] virtual std::vector<ei_codec::Term> status() const { return {}; }

 protected:
  // Each returns false when the message is not one that this process knows; the base then answers
  // a call with {error, _} and logs one line.
  virtual bool on_call(const ReplyTo& from, ScannedTerm request, const Delivery& delivery,
                       const Now& now);
  virtual bool on_cast(ScannedTerm message, const Delivery& delivery, const Now& now);
  // Unknown plain messages are dropped in silence, as a gen_server with a catch-all does.
  virtual void on_info(const Delivery& delivery, const Now& now);

  Outbox& outbox() { return outbox_; }
  void answer(const ReplyTo& to, const ei_codec::Term& term) { reply(outbox_, pid_, to, term); }
  void answer(const ReplyTo& to, ByteView encoded) { reply(outbox_, pid_, to, encoded); }
  void answer(const ReplyTo& to, const SharedMessage& encoded) {
    reply(outbox_, pid_, to, encoded);
  }

 private:
  Outbox& outbox_;
  ServedPid pid_;
  std::string_view name_;
};

}  // namespace groot::process
