#include "cnode/node.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <random>
#include <utility>

#include "cnode/cluster_hash.hpp"
#include "cnode/disk/limits.hpp"
#include "cnode/disk/load.hpp"
#include "cnode/disk/standard_descriptors.hpp"
#include "cnode/io/core.hpp"
#include "cnode/io/log_writer.hpp"
#include "cnode/io/runtime.hpp"
#include "cnode/listeners.hpp"
#include "cnode/options.hpp"
#include "cnode/stored_term.hpp"
#include "ei_codec/limits.hpp"
#include "ei_codec/message_buffer.hpp"
#include "store/limits.hpp"

namespace groot {
namespace {

std::uint64_t random_64() {
  static thread_local std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

// Neither negative nor 0, which says that there is none.
std::int64_t random_memory_id() {
  return static_cast<std::int64_t>(random_64() >> 1) | 1;
}

using Level = process::LogLine::Level;

LogLevel to_log_level(Level level) {
  switch (level) {
    case Level::debug:
      return LogLevel::debug;
    case Level::info:
      return LogLevel::info;
    case Level::warning:
      return LogLevel::warning;
    case Level::error:
      return LogLevel::error;
  }
  return LogLevel::error;
}

io::LogWriter::Sink to_sink(const std::function<void(LogLevel, const std::string&)>& log) {
  if (!log) return nullptr;
  return [log](Level level, const std::string& text) { log(to_log_level(level), text); };
}

process::HiddenFeed to_hidden_feed(HiddenFeed feed) {
  switch (feed) {
    case HiddenFeed::announce:
      return process::HiddenFeed::announce;
    case HiddenFeed::tap:
      return process::HiddenFeed::tap;
    case HiddenFeed::off:
      return process::HiddenFeed::off;
  }
  return process::HiddenFeed::off;
}

process::RemoteAdmin to_remote_admin(RemoteAdmin admin) {
  switch (admin) {
    case RemoteAdmin::full:
      return process::RemoteAdmin::full;
    case RemoteAdmin::groot:
      return process::RemoteAdmin::groot;
    case RemoteAdmin::off:
      return process::RemoteAdmin::off;
  }
  return process::RemoteAdmin::off;
}

process::Saving to_saving(const NodeOptions& options) {
  if (options.data_dir.empty()) return process::Saving::off;
  return options.durability == Durability::sync ? process::Saving::sync : process::Saving::async;
}

std::int64_t alive_interval_ms(std::chrono::milliseconds tombstone_ttl) {
  return std::clamp(tombstone_ttl / 4, disk::alive_interval_min, disk::alive_interval_max).count();
}

// Keys read together: for these the memory of all is under way at once.
constexpr std::size_t read_batch = 32;
static_assert(read_batch <= store::merge_batch_max);

}  // namespace

// The runtime comes last: its thread uses the rest, and ends first.
struct Node::Impl {
  explicit Impl(const NodeOptions& options) : log(to_sink(options.log)) {}

  std::string name;
  Cookie cookie;  // as it was read last
  std::mutex cookie_mutex;
  io::LogWriter log;
  Listeners listeners;
  std::unique_ptr<io::Core> core;
  std::unique_ptr<io::Runtime> runtime;

  // Says what is amiss with the stamps of an earlier run, and the way out.
  void report_restored(const NodeOptions& options, const store::Restored& restored);
  // Says what an absence longer than tombstones live leaves in doubt.
  void report_doubt();
  // Opens the data directory and fills the replica from it.
  Result<std::unique_ptr<disk::Database>> load(const NodeOptions& options, store::Replica& replica);

  void write_log(Level level, std::string text) { log.write({level, std::move(text), {}, {}}); }
};

void Node::Impl::report_restored(const NodeOptions& options, const store::Restored& restored) {
  if (restored.restamped > 0) {
    write_log(Level::warning, std::to_string(restored.restamped) +
                                  " registers were stamped ahead of now and have stamps of now; "
                                  "what other nodes hold with the old ones comes back");
  }
  if (restored.refused > 0) {
    write_log(Level::warning, std::to_string(restored.refused) +
                                  " registers stamped after the year 2200 are left out");
  }
  if (restored.ahead == 0 && restored.clock_ahead_ms == 0) return;
  const auto ahead_s = std::max(restored.ahead_ms_max, restored.clock_ahead_ms) / 1'000;
  write_log(Level::error,
            options.data_dir + " was written with a clock " + std::to_string(ahead_s) +
                " s ahead of this machine's, as were " + std::to_string(restored.ahead) +
                " registers in it: what other nodes write to their keys is lost until then. If the "
                "time here is right, start once with --restamp-future, which stamps them now");
}

void Node::Impl::report_doubt() {
  write_log(Level::warning,
            "this node was away for longer than tombstones live: until those that held them then "
            "have shown what they hold, " +
                std::to_string(core->doubtful()) + " registers are sent to nobody");
}

Result<std::unique_ptr<disk::Database>> Node::Impl::load(const NodeOptions& options,
                                                         store::Replica& replica) {
  const store::Now begin = replica.believe(io::read_clocks());
  auto database = disk::Database::open(
      {options.data_dir, options.data_max_size, static_cast<std::uint64_t>(random_memory_id())});
  if (!database) return database;
  const auto loaded = disk::load_into(replica, **database, options.tombstone_ttl.count(), begin);
  if (!loaded) return loaded.error();
  const auto took_ms = io::monotonic_ms() - begin.monotonic_ms;
  write_log(Level::info, std::to_string(replica.size()) + " registers read from " +
                             options.data_dir + " in " + std::to_string(took_ms) + " ms");
  report_restored(options, replica.restored());
  if (options.bring_back_dropped) {
    const auto brought = disk::bring_back(replica, **database, begin);
    if (!brought) return brought.error();
    write_log(Level::warning, std::to_string(*brought) +
                                  " registers that were set aside are brought back, as if they "
                                  "were set now");
  }
  return database;
}

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Node::~Node() {
  stop();
}

Result<std::unique_ptr<Node>> Node::start(const NodeOptions& options) {
  disk::occupy_standard_descriptors();
  auto resolved = resolve(options, process_environment());
  if (!resolved) return resolved.error();

  auto impl = std::make_unique<Impl>(options);
  impl->name = resolved->self.full();
  impl->write_log(Level::info, "the cookie is from " + resolved->cookie.source);
  impl->cookie = resolved->cookie;

  const ClusterHash hash = cluster_hash(resolved->cookie.value);
  store::ReplicaOptions replica_options;
  replica_options.node_id = random_64();
  replica_options.value_bytes_max = options.max_value_size;
  replica_options.tombstone_ttl_ms = options.tombstone_ttl.count();
  replica_options.hash_secret = hash.secret;
  replica_options.restamp_future = options.restamp_future;
  auto replica = std::make_unique<store::Replica>(replica_options);
  std::int64_t memory_id = random_memory_id();
  std::vector<store::KeptPeer> kept_peers;
  io::SavingOptions saving;
  saving.alive_interval_ms = alive_interval_ms(options.tombstone_ttl);
  if (!options.data_dir.empty()) {
    auto database = impl->load(options, *replica);
    if (!database) return database.error();
    saving.database = *std::move(database);
    memory_id = static_cast<std::int64_t>(saving.database->memory_id());
    const store::Now now = replica->believe(io::read_clocks());
    kept_peers = disk::peers_to_keep(saving.database->peers(), now.wall_ms);
  }

  io::RuntimeOptions runtime;
  runtime.self = resolved->self;
  runtime.cookie = std::move(resolved->cookie.value);
  runtime.connect = resolved->connect;
  runtime.visible = options.visibility == Visibility::visible;
  runtime.listen_port = options.listen_port;
  runtime.net_ticktime_ms = std::chrono::milliseconds(options.net_ticktime).count();
  runtime.backlog_bytes_max =
      std::max(dist::backlog_bytes_max_default, dist::backlog_values_max * options.max_value_size);
  runtime.start_epmd = options.start_epmd;
  runtime.log = [shared = impl.get()](process::LogLine line) {
    shared->log.write(std::move(line));
  };
  runtime.changed = [shared = impl.get()](const store::RegisterPtr& reg) {
    shared->listeners.tell(*reg, [shared](std::string text) {
      std::string cause = text;
      shared->log.write({Level::error, std::move(text), {}, std::move(cause)});
    });
  };
  runtime.ended = options.ended;
  auto opened = io::Runtime::open(std::move(runtime));
  if (!opened) return opened.error();

  process::RouterOptions router;
  router.self = resolved->self;
  router.connect = resolved->connect;
  router.creation = (*opened)->creation();
  router.hidden_feed = to_hidden_feed(options.hidden_feed);
  router.remote_admin = to_remote_admin(options.remote_admin);
  router.saving = to_saving(options);
  router.random = random_64;
  router.hash_check = hash.check;
  router.memory_id = memory_id;
  router.kept_peers = std::move(kept_peers);
  const bool was_in_doubt = replica->in_doubt();
  if (saving.database) {
    impl->core =
        std::make_unique<io::Core>(std::move(replica), std::move(router), std::move(saving));
  } else {
    impl->core = std::make_unique<io::Core>(std::move(replica), std::move(router));
  }
  if (was_in_doubt) impl->report_doubt();
  impl->core->report_changes(false);  // until somebody listens
  impl->runtime = std::move(*opened);
  impl->runtime->run(*impl->core);
  impl->log.flush();
  return std::unique_ptr<Node>(new Node(std::move(impl)));
}

std::optional<Term> Node::get(const Term& key) const {
  const Encoded encoded(key, key_bytes);
  if (!encoded) return std::nullopt;
  const store::ReadSection section;
  const store::Register* const reg = impl_->core->get(section, encoded.bytes());
  if (reg == nullptr) return std::nullopt;
  return decoded(reg->value());
}

std::vector<std::optional<Term>> Node::get_all(std::span<const Term> keys) const {
  std::vector<std::optional<Term>> values;
  values.reserve(keys.size());
  while (!keys.empty()) {
    const auto some = keys.first(std::min(keys.size(), read_batch));
    keys = keys.subspan(some.size());
    std::array<std::optional<Encoded>, read_batch> encoded;
    std::array<ei_codec::ByteView, read_batch> known;
    std::size_t known_count = 0;
    for (std::size_t i = 0; i < some.size(); ++i) {
      encoded[i].emplace(some[i], key_bytes);
      if (*encoded[i]) known[known_count++] = encoded[i]->bytes();
    }
    const store::ReadSection section;
    impl_->core->prefetch(section, std::span(known).first(known_count));
    for (std::size_t i = 0; i < some.size(); ++i) {
      const store::Register* const reg =
          *encoded[i] ? impl_->core->get(section, encoded[i]->bytes()) : nullptr;
      values.push_back(reg == nullptr ? std::nullopt : decoded(reg->value()));
    }
  }
  return values;
}

Result<void> Node::set(const Term& key, const Term& value,
                       std::optional<std::chrono::milliseconds> expires_in) {
  const Encoded encoded_key(key, key_bytes);
  if (!encoded_key) return encoded_key.error();
  const Encoded encoded(value, value_bytes);
  if (!encoded) return encoded.error();
  std::optional<std::int64_t> expires_in_ms;
  if (expires_in) expires_in_ms = expires_in->count();
  if (encoded.bytes().size() < ei_codec::kept_bytes_min) {
    return impl_->core->set(encoded_key.bytes(), encoded.bytes(), expires_in_ms);
  }
  // Copied here, where the network does not wait for it.
  const auto buffer = std::make_shared<ei_codec::MessageBuffer>();
  buffer->append(encoded.bytes());
  return impl_->core->set(encoded_key.bytes(), {buffer->bytes(), buffer.get()}, expires_in_ms);
}

Result<void> Node::erase(const Term& key) {
  const Encoded encoded(key, key_bytes);
  if (!encoded) return encoded.error();
  return impl_->core->erase(encoded.bytes());
}

std::vector<Term> Node::keys() const {
  std::vector<Term> keys;
  for (const auto& reg : impl_->core->registers()) {
    if (auto key = decoded(reg->key())) keys.push_back(std::move(*key));
  }
  return keys;
}

std::size_t Node::size() const {
  return impl_->core->size();
}

std::optional<std::string> Node::save_failure() const {
  return impl_->core->save_failure();
}

std::uint64_t Node::on_change(std::function<void(const Change&)> listener) {
  const std::uint64_t number = impl_->listeners.add(std::move(listener));
  impl_->core->report_changes(true);
  return number;
}

void Node::remove_listener(std::uint64_t number) {
  impl_->listeners.remove(number);
}

std::string Node::name() const {
  return impl_->name;
}

std::uint16_t Node::port() const {
  return impl_->runtime->port();
}

std::vector<std::string> Node::peers() const {
  return impl_->runtime->peers();
}

Result<Node::RereadCookie> Node::reread_cookie() {
  const std::lock_guard lock(impl_->cookie_mutex);
  auto read = reread(impl_->cookie);
  if (!read) return read.error();
  const bool changed = read->value != impl_->cookie.value;
  impl_->cookie = *read;
  impl_->runtime->set_cookie(std::move(read->value));
  return RereadCookie{impl_->cookie.source, changed};
}

void Node::stop() {
  impl_->core->leave();
  impl_->runtime->stop();
  impl_->core->stop_saving();
  impl_->log.stop();
}

}  // namespace groot
