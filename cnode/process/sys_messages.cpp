#include "cnode/process/sys_messages.hpp"

#include "cnode/process/served_process.hpp"
#include "cnode/process/term_append.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

// The characters of `text` as a list, for OTP's own texts.
ei_codec::Term charlist(std::string_view text) {
  std::vector<ei_codec::Term> characters;
  for (const char c : text) characters.emplace_back(static_cast<int>(c));
  return ei_codec::list(std::move(characters));
}

// What gen_server shows: a header, what every server has, and the state.
void append_status(Outbox& outbox, const ServedProcess& process, Bytes& out) {
  const ei_codec::Term pid = outbox.pid(process.pid());
  append_tuple(out, 4);
  append_atom(out, "status");
  encode_term(pid, out);
  encode_term(ei_codec::tuple({ei_codec::atom("module"), ei_codec::atom("gen_server")}), out);
  append_list(out, 5);
  append_nil(out);  // process dictionary
  append_atom(out, "running");
  encode_term(pid, out);  // parent: nobody started it
  append_nil(out);        // debug options
  append_list(out, 3);    // Misc
  encode_term(ei_codec::tuple({ei_codec::atom("header"), charlist("Status for generic server " +
                                                                  std::string(process.name()))}),
              out);
  encode_term(
      ei_codec::tuple(
          {ei_codec::atom("data"),
           ei_codec::list({ei_codec::tuple({charlist("Status"), ei_codec::atom("running")}),
                           ei_codec::tuple({charlist("Parent"), pid}),
                           ei_codec::tuple({charlist("Logged events"), ei_codec::list({})})})}),
      out);
  append_tuple(out, 2);
  append_atom(out, "data");
  append_list(out, 1);
  append_tuple(out, 2);
  encode_term(charlist("State"), out);
  process.append_state(out);
  append_nil(out);  // of the data list
  append_nil(out);  // of Misc
  append_nil(out);  // of the five
}

}  // namespace

bool answer_system_message(Outbox& outbox, const ServedProcess& process,
                           const SystemMessage& message) {
  ei_codec::TermReader reader(message.request);
  Bytes answer;
  if (reader.take_atom("get_state")) {
    process.append_state(answer);
  } else if (reader.take_atom("get_status")) {
    append_status(outbox, process, answer);
  } else {
    reply(outbox, process.pid(), message.from,
          error_reply("not_supported", request_name(message.request)));
    return false;
  }
  reply(outbox, process.pid(), message.from, answer);
  return true;
}

}  // namespace groot::process
