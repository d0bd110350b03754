#include "cnode/process/sys_messages.hpp"

#include <charconv>

#include "cnode/process/served_process.hpp"
#include "cnode/process/term_append.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {
namespace {

// What gen_server shows: a header, what every server has, and the state.
void append_status(Outbox& outbox, const ServedProcess& process, Bytes& out) {
  const ei_codec::Term pid = outbox.pid(process.pid());
  std::vector<ei_codec::Term> data{
      ei_codec::tuple({ei_codec::charlist("Status"), ei_codec::atom("running")}),
      ei_codec::tuple({ei_codec::charlist("Parent"), pid}),
      ei_codec::tuple({ei_codec::charlist("Logged events"), ei_codec::list({})})};
  for (ei_codec::Term& more : process.status()) data.push_back(std::move(more));
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
  encode_term(
      ei_codec::tuple({ei_codec::atom("header"), ei_codec::charlist("Status for generic server " +
                                                                    std::string(process.name()))}),
      out);
  encode_term(ei_codec::tuple({ei_codec::atom("data"), ei_codec::list(std::move(data))}), out);
  append_tuple(out, 2);
  append_atom(out, "data");
  append_list(out, 1);
  append_tuple(out, 2);
  encode_term(ei_codec::charlist("State"), out);
  process.append_state(out);
  append_nil(out);  // of the data list
  append_nil(out);  // of Misc
  append_nil(out);  // of the five
}

void answer_get_state(Outbox& outbox, Requests& requests, const ServedProcess& process,
                      const ReplyTo& from, const Now& now) {
  requests.call(from.link, "erlang", "system_info", {ei_codec::atom("version")}, now,
                [&outbox, &process, from](const Result<Term>& version, const Now&) {
                  const auto text = version ? ei_codec::charlist_text(*version) : std::nullopt;
                  Bytes answer;
                  if (wants_wrapped_state(text.value_or(""))) {
                    append_tuple(answer, 2);
                    append_atom(answer, "ok");
                  }
                  process.append_state(answer);
                  reply(outbox, process.pid(), from, answer);
                });
}

bool is_terminate(ei_codec::TermReader& reader) {
  return reader.take_tuple() == 2U && reader.take_atom("terminate");
}

// proc_lib:stop takes nothing but `ok` for an answer: what else it gets makes it crash, and after
// `ok` it waits for an end that never comes. So the call fails, as one does whose monitor fires: an
// alias is a monitor too, and nobody else's.
void fail_call(Outbox& outbox, const ServedProcess& process, const ReplyTo& from) {
  const ei_codec::Term reason =
      ei_codec::tuple({ei_codec::atom("not_supported"),
                       ei_codec::binary(std::string(process.name()) +
                                        " lives as long as its node: stop that instead")});
  outbox.send(from.link, dist::MonitorPExit{outbox.pid(process.pid()), from.pid, *from.alias},
              share(encode_term(reason)));
}

}  // namespace

bool wants_wrapped_state(std::string_view erts_version) {
  const char* const end = erts_version.data() + erts_version.size();
  unsigned major = 0;
  const auto [dot, no_number] = std::from_chars(erts_version.data(), end, major);
  if (no_number != std::errc()) return true;
  unsigned minor = 0;
  if (dot != end && *dot == '.') std::from_chars(dot + 1, end, minor);
  return major > 14 || (major == 14 && minor >= 1);
}

bool answer_system_message(Outbox& outbox, Requests& requests, const ServedProcess& process,
                           const SystemMessage& message, const Now& now) {
  ei_codec::TermReader reader(message.request);
  if (reader.take_atom("get_state")) {
    answer_get_state(outbox, requests, process, message.from, now);
    return true;
  }
  if (reader.take_atom("get_status")) {
    Bytes answer;
    append_status(outbox, process, answer);
    reply(outbox, process.pid(), message.from, answer);
    return true;
  }
  if (is_terminate(reader) && message.from.alias) {
    fail_call(outbox, process, message.from);
    return false;
  }
  reply(outbox, process.pid(), message.from,
        error_reply("not_supported", request_name(message.request)));
  return false;
}

}  // namespace groot::process
