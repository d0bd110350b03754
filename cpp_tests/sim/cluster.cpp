#include "cpp_tests/sim/cluster.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "cnode/process/register_codec.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

using process::HiddenFeed;
using process::Saving;

// Few, so that writes meet; in some runs so many that they travel in maps.
constexpr std::int64_t keys_max = 6;
constexpr std::int64_t many_keys_max = 40;
constexpr std::int64_t most_keys_max = 250;
constexpr int work_keys_count = 3;
// Clocks are wrong by up to this.
constexpr Ms skew_max = 600'000;
// Far more than what a run writes while a link is cut; far less than a loop would queue.
constexpr std::size_t link_bytes_max = std::size_t{1} << 20;
// With this secret all binary keys of one digit, which take seven bytes, have the same hash: in one
// run of so many.
constexpr store::HashSecret colliding{{1, 7, 2, 3}};
constexpr std::uint64_t colliding_runs = 5;
// One run of so many has nodes that read slowly.
constexpr std::uint64_t slow_reading_runs = 4;
// Nodes of ours send what others lack in small pieces: every other one, in one run of so many.
constexpr std::uint64_t small_piece_runs = 3;
// Of nodes that were copied from one another.
constexpr std::uint64_t shared_node_id = 7;

Bytes canonical(const ei_codec::Term& key) {
  Bytes scratch;
  const Bytes encoded = encode_term(key);
  const auto bytes = process::canonical_key(ei_codec::ScannedTerm::trusted(encoded), scratch);
  return {bytes->begin(), bytes->end()};
}

// Everything a merge can see; tombstones where they are kept alike, and only those that nodes
// compare.
using Contents = std::map<Bytes, store::RegisterPtr>;

Contents contents(const OurNode& node, bool with_tombstones) {
  Contents all;
  const Ms now = node.now().deadline_ms();
  node.replica().for_each([&](const store::RegisterPtr& reg) {
    const bool ahead = static_cast<Ms>(reg->stamp().time_ms) - now > store::stamp_ahead_ms_max;
    if (reg->is_tombstone() && (ahead || !with_tombstones)) return;
    all[Bytes(reg->key().begin(), reg->key().end())] = reg;
  });
  return all;
}

bool is_same(const store::Register& a, const store::Register& b) {
  return a.stamp() == b.stamp() && a.is_tombstone() == b.is_tombstone() &&
         a.expires_at_ms() == b.expires_at_ms() && ei_codec::same_bytes(a.value(), b.value());
}

std::string first_difference(const Contents& a, const Contents& b) {
  for (const auto& [key, reg] : a) {
    const auto found = b.find(key);
    if (found == b.end()) return text_of(*reg) + " and nothing";
    if (!is_same(*found->second, *reg)) return text_of(*reg) + " and " + text_of(*found->second);
  }
  for (const auto& [key, reg] : b) {
    if (!a.contains(key)) return "nothing and " + text_of(*reg);
  }
  return {};
}

}  // namespace

Cluster::Cluster(std::uint64_t seed, bool told)
    : trace(schedule, told),
      random(seed),
      network(schedule, trace, random.split()),
      slow_readers_(seed % slow_reading_runs == 0),
      small_pieces_(seed % small_piece_runs == 0) {
  if (seed % colliding_runs == 0) hash_secret_ = colliding;
  unequal_ = random.chance(15);
  const auto count = static_cast<std::size_t>(random.between(nodes_min, nodes_max));
  const auto our_count =
      random.between(1, std::min<std::int64_t>(4, static_cast<std::int64_t>(count)));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = std::string(1, static_cast<char>('a' + i)) + "@h";
    if (static_cast<std::int64_t>(i) < our_count) {
      add_ours(name);
    } else {
      add_stock(name);
    }
  }
  const bool skewed = random.chance(60);
  for (Node* node : nodes_) {
    if (skewed) node->set_wall_offset(random.between(-skew_max, skew_max));
    network.add(*node);
  }
  auto key_count = random.between(1, random.chance(75) ? keys_max : many_keys_max);
  if (random.chance(2)) key_count = random.between(many_keys_max, most_keys_max);
  for (std::int64_t i = 0; i < key_count; ++i) {
    keys_.push_back(canonical(i % 2 == 0 ? ei_codec::binary("k" + std::to_string(i))
                                         : ei_codec::atom("k" + std::to_string(i))));
  }
  list_key_ = canonical(ei_codec::charlist("charlist"));
  for (int i = 0; i < work_keys_count; ++i) {
    work_keys_.push_back(canonical(ei_codec::atom("w" + std::to_string(i))));
  }
  keys_of_all_ = keys_;
  keys_of_all_.insert(keys_of_all_.end(), work_keys_.begin(), work_keys_.end());
  for (const Node* node : nodes_) {
    own_keys_[node] = canonical(ei_codec::atom(node->name()));
    gap_keys_[node] = canonical(ei_codec::binary(node->name()));
    keys_of_all_.push_back(own_keys_[node]);
    keys_of_all_.push_back(gap_keys_[node]);
  }
  for (Node* node : nodes_) node->start();
  network.begin();
}

void Cluster::add_ours(const std::string& name) {
  constexpr std::array savings{Saving::off, Saving::async, Saving::sync};
  constexpr std::array texts{", memory only", ", with a disk", ", with a disk it waits for"};
  constexpr std::array feeds{HiddenFeed::announce, HiddenFeed::tap};
  // Drawn one after the other: compilers differ in which argument of a call they evaluate first.
  OurOptions options;
  options.visible = random.chance(40);
  options.feed = feeds[random.index(feeds.size())];
  options.saving = savings[random.index(savings.size())];
  options.hash_secret = hash_secret_;
  options.small_pieces = small_pieces_ && ours_.size() % 2 == 0;
  if (unequal_) {
    // Longer than what passes while a check awaits that they are there.
    constexpr std::array lifetimes{store::tombstone_ttl_ms_default,
                                   store::tombstone_ttl_ms_default / 2,
                                   store::tombstone_ttl_ms_default / 4};
    options.tombstone_ttl = lifetimes[random.index(lifetimes.size())];
    options.hashes_otherwise = random.chance(20);
    options.other_version = random.chance(20);
    if (options.hashes_otherwise || options.other_version) compares_ = false;
    if (random.chance(20)) {
      options.node_id = shared_node_id;
      promises.expect_equal_stamps();
    }
  }
  ours_.push_back(
      std::make_unique<OurNode>(schedule, network, trace, promises, random.split(), name, options));
  nodes_.push_back(ours_.back().get());
  if (trace.is_told())
    trace.tell(name + " is ours, " + (options.visible ? "visible" : "hidden") +
               texts[static_cast<std::size_t>(options.saving)]);
}

void Cluster::add_stock(const std::string& name) {
  constexpr std::array texts{"0.1 with its old clock", "0.1", "with delete"};
  const std::size_t which = random.index(stock_versions.size());
  stock_.push_back(std::make_unique<StockNode>(schedule, network, trace, promises, random.split(),
                                               name, stock_versions[which],
                                               [this] { data_lost(); }));
  nodes_.push_back(stock_.back().get());
  if (trace.is_told()) trace.tell(name + " is stock, " + texts[which]);
}

std::vector<OurNode*> Cluster::living_ours() const {
  std::vector<OurNode*> living;
  for (const auto& node : ours_) {
    if (node->is_alive()) living.push_back(node.get());
  }
  return living;
}

std::vector<StockNode*> Cluster::running_stock() const {
  std::vector<StockNode*> running;
  for (const auto& node : stock_) {
    if (node->is_alive() && node->runs_groot()) running.push_back(node.get());
  }
  return running;
}

bool Cluster::stock_may_delete() const {
  return std::ranges::all_of(
      stock_, [](const auto& node) { return !node->is_alive() || node->has_delete(); });
}

const Bytes& Cluster::own_key(const Node& node) const {
  return own_keys_.at(&node);
}

const Bytes& Cluster::gap_key(const Node& node) const {
  return gap_keys_.at(&node);
}

void Cluster::crash(Node& node) {
  if (trace.is_told()) trace.tell(node.name() + " crashes");
  node.crash();
  network.crashed(node);
  data_lost();
}

void Cluster::wipe(OurNode& node) {
  node.wipe();
  data_lost();
}

void Cluster::start(Node& node) {
  if (trace.is_told()) trace.tell(node.name() + " starts");
  node.start();
}

void Cluster::data_lost() {
  promises.data_lost([this](const Bytes& key) {
    std::optional<Timestamp> latest;
    const auto consider = [&latest](const Timestamp& stamp) {
      if (!latest || stamp > *latest) latest = stamp;
    };
    for (const auto& node : ours_) {
      const auto held = node->held(key);
      if (held) consider(*held);
    }
    for (const auto& node : stock_) {
      const StockRegister* held = node->is_alive() ? node->storage().find(key) : nullptr;
      if (held != nullptr) consider(held->stamp);
    }
    return latest;
  });
}

// ---- what is asked of the whole ----

std::string Cluster::disagreement() const {
  const OurNode* first = nullptr;
  Contents wanted;
  for (const auto& node : ours_) {
    if (!node->is_alive()) continue;
    if (first == nullptr) {
      first = node.get();
      wanted = contents(*node, !unequal_);
      continue;
    }
    const std::string difference = first_difference(wanted, contents(*node, !unequal_));
    if (!difference.empty()) return first->name() + " and " + node->name() + ": " + difference;
  }
  if (first == nullptr) return {};
  for (const auto& node : stock_) {
    if (!node->is_alive()) continue;
    if (!node->runs_groot()) return node->name() + " is down";
    for (const Bytes& key : keys_of_all_) {
      const store::RegisterPtr reg = first->read(key);
      const auto value = node->read(key);
      const bool same = reg ? value && ei_codec::same_bytes(*value, reg->value()) : !value;
      if (!same) {
        return first->name() + " and " + node->name() + " at " + text_of(key) + ": " +
               (reg ? text_of(*reg) : "nothing") + " and " + (value ? text_of(*value) : "nothing");
      }
    }
  }
  return {};
}

void Cluster::read_all() const {
  for (const auto& node : ours_) {
    if (!node->is_alive()) continue;
    for (const Bytes& key : keys_of_all_) (void)node->read(key);
    (void)node->read(list_key_);
  }
}

void Cluster::check_limits() const {
  if (network.bytes_max() > link_bytes_max) {
    throw Violation("a link had " + std::to_string(network.bytes_max()) + " bytes under way");
  }
  for (const auto& node : ours_) {
    if (!node->is_alive()) continue;
    std::size_t registers = 0;
    std::size_t values = 0;
    node->replica().for_each([&](const store::RegisterPtr& reg) {
      ++registers;
      if (!reg->is_tombstone()) ++values;
    });
    if (registers > keys_of_all_.size() + 1) {
      throw Violation(node->name() + " holds " + std::to_string(registers) + " registers");
    }
    if (values != node->replica().size()) {
      throw Violation(node->name() + " counts " + std::to_string(node->replica().size()) +
                      " values and holds " + std::to_string(values));
    }
  }
}

void Cluster::check_nothing_lost() const {
  for (const auto& node : ours_) {
    if (node->is_alive()) promises.check_nothing_lost(node->witness());
  }
}

std::uint64_t Cluster::changes() const {
  std::uint64_t sum = 0;
  for (const auto& node : ours_) sum += node->changes();
  return sum;
}

std::uint64_t Cluster::registers_sent() const {
  std::uint64_t sum = 0;
  for (const auto& node : ours_) sum += node->registers_sent();
  return sum;
}

}  // namespace groot::sim
