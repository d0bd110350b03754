#include "cnode/node.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <mutex>
#include <random>
#include <utility>

#include "cnode/disk/limits.hpp"
#include "cnode/disk/load.hpp"
#include "cnode/io/core.hpp"
#include "cnode/io/runtime.hpp"
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

LogLevel to_log_level(process::LogLine::Level level) {
  switch (level) {
    case process::LogLine::Level::debug:
      return LogLevel::debug;
    case process::LogLine::Level::info:
      return LogLevel::info;
    case process::LogLine::Level::warning:
      return LogLevel::warning;
    case process::LogLine::Level::error:
      return LogLevel::error;
  }
  return LogLevel::error;
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

// Who listens to changes. Its lock is held while listeners run, so that one that has been removed
// is not running either; a listener may add and remove listeners.
class Listeners {
 public:
  using Listener = std::function<void(const Change&)>;

  std::uint64_t add(Listener listener) {
    const std::lock_guard lock(mutex_);
    entries_.push_back({++last_number_, std::make_shared<Listener>(std::move(listener))});
    return last_number_;
  }

  void remove(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [number](const Entry& entry) { return entry.number == number; });
  }

  // `failed` hears what a listener threw: the node must outlive it.
  void tell(const store::Register& reg, const std::function<void(const std::string&)>& failed) {
    const std::lock_guard lock(mutex_);
    if (entries_.empty()) return;
    auto key = decoded(reg.key());
    if (!key) return;
    Change change{.key = std::move(*key), .value = std::nullopt, .deleted = reg.is_tombstone()};
    if (!change.deleted) change.value = decoded(reg.value());
    const std::vector<Entry> snapshot = entries_;
    for (const Entry& entry : snapshot) {
      if (!is_listening(entry.number)) continue;
      try {
        (*entry.listener)(change);
      } catch (const std::exception& thrown) {
        failed(std::string("an on_change listener threw: ") + thrown.what());
      } catch (...) {
        failed("an on_change listener threw");
      }
    }
  }

 private:
  struct Entry {
    std::uint64_t number;
    std::shared_ptr<Listener> listener;
  };

  [[nodiscard]] bool is_listening(std::uint64_t number) const {
    return std::ranges::any_of(entries_,
                               [number](const Entry& entry) { return entry.number == number; });
  }

  std::recursive_mutex mutex_;
  std::vector<Entry> entries_;
  std::uint64_t last_number_ = 0;
};

}  // namespace

// The runtime comes last: its thread uses the rest, and ends first.
struct Node::Impl {
  std::string name;
  std::function<void(LogLevel, const std::string&)> log;
  Listeners listeners;
  std::unique_ptr<io::Core> core;
  std::unique_ptr<io::Runtime> runtime;

  // Opens the data directory and fills the replica from it.
  Result<std::unique_ptr<disk::Database>> load(const NodeOptions& options, store::Replica& replica);

  void write_log(LogLevel level, const std::string& text) const {
    if (log) log(level, text);
  }
};

Result<std::unique_ptr<disk::Database>> Node::Impl::load(const NodeOptions& options,
                                                         store::Replica& replica) {
  const store::Now begin = io::read_clocks();
  auto database = disk::Database::open({options.data_dir, options.data_max_size});
  if (!database) return database;
  const auto loaded = disk::load_into(replica, **database, options.tombstone_ttl.count(), begin);
  if (!loaded) return loaded.error();
  const auto took_ms = io::monotonic_ms() - begin.monotonic_ms;
  write_log(LogLevel::info, std::to_string(replica.size()) + " registers read from " +
                                options.data_dir + " in " + std::to_string(took_ms) + " ms");
  if (replica.in_doubt()) {
    write_log(LogLevel::warning,
              "this node was away for longer than tombstones live: of those registers it will drop "
              "what the cluster no longer has");
  }
  return database;
}

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Node::~Node() {
  stop();
}

Result<std::unique_ptr<Node>> Node::start(const NodeOptions& options) {
  auto resolved = resolve(options, process_environment());
  if (!resolved) return resolved.error();

  auto impl = std::make_unique<Impl>();
  impl->name = resolved->self.full();
  impl->log = options.log;
  impl->write_log(LogLevel::info, "the cookie is from " + resolved->cookie.source);

  store::ReplicaOptions replica_options;
  replica_options.node_id = random_64();
  replica_options.value_bytes_max = options.max_value_size;
  replica_options.tombstone_ttl_ms = options.tombstone_ttl.count();
  auto replica = std::make_unique<store::Replica>(replica_options);
  io::SavingOptions saving;
  saving.alive_interval_ms = alive_interval_ms(options.tombstone_ttl);
  if (!options.data_dir.empty()) {
    auto database = impl->load(options, *replica);
    if (!database) return database.error();
    saving.database = *std::move(database);
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
  runtime.log = [shared = impl.get()](process::LogLine::Level level, const std::string& text) {
    shared->write_log(to_log_level(level), text);
  };
  runtime.changed = [shared = impl.get()](const store::RegisterPtr& reg) {
    shared->listeners.tell(
        *reg, [shared](const std::string& text) { shared->write_log(LogLevel::error, text); });
  };
  auto opened = io::Runtime::open(std::move(runtime));
  if (!opened) return opened.error();

  process::RouterOptions router;
  router.self = resolved->self;
  router.creation = (*opened)->creation();
  router.hidden_feed = to_hidden_feed(options.hidden_feed);
  router.remote_admin = to_remote_admin(options.remote_admin);
  router.saving = to_saving(options);
  router.random = random_64;
  router.started_ms = io::monotonic_ms();
  if (saving.database) {
    impl->core =
        std::make_unique<io::Core>(std::move(replica), std::move(router), std::move(saving));
  } else {
    impl->core = std::make_unique<io::Core>(std::move(replica), std::move(router));
  }
  impl->core->report_changes(false);  // until somebody listens
  impl->runtime = std::move(*opened);
  impl->runtime->run(*impl->core);
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

void Node::stop() {
  impl_->runtime->stop();
  impl_->core->stop_saving();
}

}  // namespace groot
