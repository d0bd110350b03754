#include "cnode/node.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <random>
#include <utility>

#include "cnode/io/core.hpp"
#include "cnode/io/runtime.hpp"
#include "cnode/options.hpp"
#include "ei_codec/canonical.hpp"
#include "ei_codec/limits.hpp"
#include "ei_codec/message_buffer.hpp"
#include "ei_codec/plain_term.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot {
namespace {

using ei_codec::Bytes;
using ei_codec::ScannedTerm;

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

// A program can put together a Term that is no term (an atom that is not UTF-8, a map with a key
// twice, a fun of arbitrary bytes): what is stored goes through the same gate as what a peer sends,
// unless it is so plain that there is nothing to get wrong.
Result<Bytes> checked_encoding(const Term& term) {
  if (Bytes plain; ei_codec::append_plain(term, plain)) return plain;
  auto encoded = ei_codec::encode_checked(term);
  if (!encoded) return encoded.error();
  const auto scanned = ei_codec::scan_whole_term(*encoded);
  if (!scanned) return scanned.error();
  if (auto unique = ei_codec::check_unique_keys(*scanned); !unique) return unique.error();
  return encoded;
}

Result<Bytes> key_bytes(const Term& key) {
  if (Bytes plain; ei_codec::append_plain(key, plain)) return plain;
  const auto encoded = checked_encoding(key);
  if (!encoded) return encoded.error();
  return ei_codec::canonical(ScannedTerm::trusted(*encoded));
}

std::optional<Term> decoded(ei_codec::ByteView bytes) {
  const ScannedTerm scanned = ScannedTerm::trusted(bytes);
  // decode_term would find the same, and move it once more.
  if (auto plain = ei_codec::decode_plain(scanned)) return plain;
  auto term = ei_codec::decode_term(scanned);
  if (!term) return std::nullopt;
  return std::move(*term);
}

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

  void write_log(LogLevel level, const std::string& text) const {
    if (log) log(level, text);
  }
};

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

  store::ReplicaOptions replica;
  replica.node_id = random_64();
  replica.value_bytes_max = options.max_value_size;
  replica.tombstone_ttl_ms = options.tombstone_ttl.count();
  process::RouterOptions router;
  router.self = resolved->self;
  router.creation = (*opened)->creation();
  router.hidden_feed = to_hidden_feed(options.hidden_feed);
  router.remote_admin = to_remote_admin(options.remote_admin);
  router.random = random_64;
  impl->core = std::make_unique<io::Core>(replica, std::move(router));
  impl->core->report_changes(false);  // until somebody listens
  impl->runtime = std::move(*opened);
  impl->runtime->run(*impl->core);
  return std::unique_ptr<Node>(new Node(std::move(impl)));
}

std::optional<Term> Node::get(const Term& key) const {
  const auto bytes = key_bytes(key);
  if (!bytes) return std::nullopt;
  const auto reg = impl_->core->get(*bytes);
  if (!reg) return std::nullopt;
  return decoded(reg->value());
}

Result<void> Node::set(const Term& key, const Term& value,
                       std::optional<std::chrono::milliseconds> expires_in) {
  const auto encoded_key = key_bytes(key);
  if (!encoded_key) return encoded_key.error();
  const auto encoded_value = checked_encoding(value);
  if (!encoded_value) return encoded_value.error();
  std::optional<std::int64_t> expires_in_ms;
  if (expires_in) expires_in_ms = expires_in->count();
  if (encoded_value->size() < ei_codec::kept_bytes_min) {
    return impl_->core->set(*encoded_key, *encoded_value, expires_in_ms);
  }
  // Copied here, where the network does not wait for it.
  const auto buffer = std::make_shared<ei_codec::MessageBuffer>();
  buffer->append(*encoded_value);
  return impl_->core->set(*encoded_key, {buffer->bytes(), buffer.get()}, expires_in_ms);
}

Result<void> Node::erase(const Term& key) {
  const auto encoded_key = key_bytes(key);
  if (!encoded_key) return encoded_key.error();
  return impl_->core->erase(*encoded_key);
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
}

}  // namespace groot
