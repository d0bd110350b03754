#include "cpp_tests/sim/workers.hpp"

#include "cpp_tests/sim/rest.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

constexpr int acts_at_once_max = 4;
constexpr int deletes = 40;  // percent

}  // namespace

Workers::Workers(Cluster& cluster) : cluster_(cluster), random_(cluster.random.split()) {
  if (!random_.chance(50)) return;
  for (const Bytes& key : cluster.work_keys()) {
    Worker worker;
    const std::size_t at = random_.index(cluster.nodes().size());
    worker.node = cluster.nodes()[at];
    if (at < cluster.ours().size()) {
      worker.ours = cluster.ours()[at].get();
    } else {
      worker.stock = cluster.stock()[at - cluster.ours().size()].get();
    }
    worker.key = key;
    worker.pause_max = random_.chance(50) ? random_.between(100, 400) : random_.between(300, 5'000);
    worker.deletes = random_.chance(80);
    workers_.push_back(std::move(worker));
  }
}

void Workers::begin(Ms end) {
  end_ = end;
  for (Worker& worker : workers_) {
    worker.life = worker.node->life();
    work_on(worker);
  }
}

bool Workers::is_there(const Worker& worker) {
  return worker.node->is_alive() && worker.node->life() == worker.life &&
         (worker.ours != nullptr || worker.stock->runs_groot());
}

void Workers::work_on(Worker& worker) {
  cluster_.schedule.after(random_.between(1, worker.pause_max), [this, &worker] {
    if (cluster_.schedule.now() >= end_) return;
    const std::int64_t at_once = random_.between(1, acts_at_once_max);
    for (std::int64_t i = 0; i < at_once && !worker.node->is_paused(); ++i) {
      if (!act(worker)) return;
    }
    work_on(worker);
  });
}

bool Workers::act(Worker& worker) {
  if (!is_there(worker)) return false;
  const bool may_delete = worker.ours != nullptr || worker.stock->has_delete();
  if (may_delete && worker.deletes && random_.chance(deletes)) {
    cluster_.promises.work.did(worker.key, {});
    if (worker.ours != nullptr) {
      worker.ours->erase(worker.key);
    } else {
      worker.stock->erase(worker.key);
    }
  } else {
    const Bytes value = encode_term(ei_codec::binary(
        text_of(worker.key) + " of " + worker.node->name() + " " + std::to_string(worker.acts)));
    cluster_.promises.work.did(worker.key, value);
    if (worker.ours != nullptr) {
      worker.ours->set(worker.key, value, std::nullopt);
    } else {
      worker.stock->set(worker.key, value);
    }
  }
  ++worker.acts;
  return true;
}

void Workers::check(const Weather& weather) const {
  const OurNode* const reader = any_of_ours(cluster_);
  for (const Worker& worker : workers_) {
    const Bytes& key = worker.key;
    if (worker.acts == 0 || !is_there(worker) || cluster_.promises.work.is_spoilt(key)) continue;
    const Bytes& last = cluster_.promises.work.last_of(key);
    const store::RegisterPtr reg = reader->read(key);
    if (reg ? ei_codec::same_bytes(reg->value(), last) : last.empty()) continue;
    // A delete at a stock node leaves a trace only where it is seen.
    if (last.empty() && worker.stock != nullptr &&
        (!weather.is_still() || cluster_.promises.deletes_undone(key) > 0)) {
      continue;
    }
    throw Violation("the last thing that a process did at " + worker.node->name() + " to " +
                    text_of(key) + " was to " +
                    (last.empty() ? "delete it" : "set it to " + text_of(last)) + "; " +
                    reader->name() + " reads " + (reg ? text_of(*reg) : "nothing"));
  }
}

}  // namespace groot::sim
