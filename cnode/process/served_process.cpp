#include "cnode/process/served_process.hpp"

#include "cnode/process/sys_messages.hpp"
#include "cnode/process/term_append.hpp"

namespace groot::process {

void ServedProcess::receive(const Delivery& delivery, Requests& requests, const Now& now) {
  const GenMessage message = read_gen_message(delivery.link, delivery.message);
  const auto not_understood = [&](const char* what, ScannedTerm request) {
    const std::string head = request_name(request);
    outbox_.log_repeated(delivery.peer, std::string(name_) + what,
                         std::string(delivery.peer) + " sent " + std::string(name_) + " a " + what +
                             " that it does not understand: " + head);
    return head;
  };
  if (const auto* call = std::get_if<GenCall>(&message)) {
    if (on_call(call->from, call->request, delivery, now)) return;
    const std::string head = not_understood("call", call->request);
    answer(call->from, error_reply("unknown_request", head));
  } else if (const auto* cast = std::get_if<GenCast>(&message)) {
    if (!on_cast(cast->message, delivery, now)) not_understood("cast", cast->message);
  } else if (const auto* system = std::get_if<SystemMessage>(&message)) {
    if (!answer_system_message(outbox_, requests, *this, *system, now)) {
      not_understood("system message", system->request);
    }
  } else {
    on_info(delivery, now);
  }
}

void ServedProcess::append_state(Bytes& out) const {
  append_atom(out, "nil");
}

bool ServedProcess::on_call(const ReplyTo&, ScannedTerm, const Delivery&, const Now&) {
  return false;
}
bool ServedProcess::on_cast(ScannedTerm, const Delivery&, const Now&) {
  return false;
}
void ServedProcess::on_info(const Delivery&, const Now&) {}

}  // namespace groot::process
