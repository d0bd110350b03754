// 'Elixir.Groot.ClockSync', which keeps the clocks of a cluster close to each other, and
// 'Elixir.Groot.Clock', the clock itself.
#pragma once

#include <functional>

#include "cnode/process/served_process.hpp"

namespace groot::process {

// Merges the clocks that peers send; every 3 s sends ours to one of them, picked at random.
class ClockSyncProcess final : public ServedProcess {
 public:
  ClockSyncProcess(Outbox& outbox, Peers& peers, store::Replica& replica,
                   std::function<std::uint64_t()> random);

  void wake(const Now& now);
  [[nodiscard]] std::int64_t next_wake_ms() const { return next_ms_; }
  // #{clock => 'Elixir.Groot.Clock', sync_interval => Ms}, as stock Groot's.
  void append_state(Bytes& out) const override;

 protected:
  bool on_cast(ScannedTerm message, const Delivery& delivery, const Now& now) override;

 private:
  void send_clock(const Now& now);

  Peers& peers_;
  store::Replica& replica_;
  std::function<std::uint64_t()> random_;
  std::int64_t next_ms_ = 0;
};

class ClockProcess final : public ServedProcess {
 public:
  ClockProcess(Outbox& outbox, store::Replica& replica);

  // #{timestamp => H, node_id => Id, max_drift => Ms}, as hlclock's. No stamp issued is above H.
  void append_state(Bytes& out) const override;

 protected:
  bool on_call(const ReplyTo& from, ScannedTerm request, const Delivery& delivery,
               const Now& now) override;

 private:
  store::Replica& replica_;
};

}  // namespace groot::process
