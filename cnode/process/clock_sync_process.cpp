#include "cnode/process/clock_sync_process.hpp"

#include "cnode/process/limits.hpp"
#include "cnode/process/term_append.hpp"
#include "cnode/process/timestamp_codec.hpp"

namespace groot::process {
namespace {

constexpr std::string_view clock_sync_name = "Elixir.Groot.ClockSync";
constexpr std::string_view clock_name = "Elixir.Groot.Clock";

SharedBytes encode_clock(const store::Timestamp& stamp) {
  Bytes out;
  append_cast(out, "sync_remote_clock");
  append_timestamp(stamp, out);
  return share(std::move(out));
}

}  // namespace

ClockSyncProcess::ClockSyncProcess(Outbox& outbox, Peers& peers, store::Replica& replica,
                                   std::function<std::uint64_t()> random)
    : ServedProcess(outbox, ServedPid::clock_sync, clock_sync_name),
      peers_(peers),
      replica_(replica),
      random_(std::move(random)) {}

bool ClockSyncProcess::on_cast(ScannedTerm message, const Delivery& delivery, const Now& now) {
  ei_codec::TermReader reader(message);
  if (reader.take_tuple() != 2U || !reader.take_atom("sync_remote_clock")) return false;
  const auto stamp = read_timestamp(reader);
  if (!stamp) return false;
  const store::ReceiveOutcome outcome = replica_.receive_timestamp(*stamp, now);
  if (outcome.rejected) {
    outbox().log_repeated(delivery.peer, "clock drift",
                          "the clock of " + std::string(delivery.peer) + " is " +
                              std::to_string(outcome.drift_ms) + " ms ahead: not followed");
  }
  return true;
}

void ClockSyncProcess::append_state(Bytes& out) const {
  append_map(out, 2);
  append_atom(out, "clock");
  append_atom(out, clock_name);
  append_atom(out, "sync_interval");
  append_unsigned(out, clock_sync_interval_ms);
}

void ClockSyncProcess::wake(const Now& now) {
  if (now.monotonic_ms < next_ms_) return;
  send_clock(now);
  next_ms_ = now.monotonic_ms + clock_sync_interval_ms;
}

void ClockSyncProcess::send_clock(const Now& now) {
  std::vector<LinkId> links;
  for (const auto& [link, peer] : peers_.all()) {
    if (peer.replicates()) links.push_back(link);
  }
  if (links.empty()) return;
  const auto stamp = replica_.send_timestamp(now);
  if (!stamp || stamp->counter > sent_counter_max) return;
  outbox().send_to_name(links[random_() % links.size()], ServedPid::clock_sync, clock_sync_name,
                        encode_clock(*stamp));
}

ClockProcess::ClockProcess(Outbox& outbox, store::Replica& replica)
    : ServedProcess(outbox, ServedPid::clock, clock_name), replica_(replica) {}

void ClockProcess::append_state(Bytes& out) const {
  const store::Timestamp last = replica_.clock();
  append_map(out, 3);
  append_atom(out, "max_drift");
  append_unsigned(out, store::drift_max_ms);
  append_atom(out, "node_id");
  append_unsigned(out, last.node_id);
  append_atom(out, "timestamp");
  append_timestamp(last, out);
}

bool ClockProcess::on_call(const ReplyTo& from, ScannedTerm request, const Delivery&,
                           const Now& now) {
  ei_codec::TermReader reader(request);
  if (!reader.take_atom("send_timestamp")) {
    if (reader.take_tuple() != 2U || !reader.take_atom("recv_timestamp")) return false;
    const auto stamp = read_timestamp(reader);
    if (!stamp) return false;
    if (replica_.receive_timestamp(*stamp, now).rejected) {
      answer(from,
             ei_codec::tuple({ei_codec::atom("error"), ei_codec::atom("remote_drift_violation")}));
      return true;
    }
  }
  const auto stamp = replica_.send_timestamp(now);
  if (!stamp) {
    answer(from, ei_codec::tuple({ei_codec::atom("error"), ei_codec::atom("clock_exhausted")}));
    return true;
  }
  Bytes ok;
  append_tuple(ok, 2);
  append_atom(ok, "ok");
  append_timestamp(*stamp, ok);
  answer(from, ok);
  return true;
}

}  // namespace groot::process
