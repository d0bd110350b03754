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
// Clocks are wrong by up to this.
constexpr Ms skew_max = 600'000;
// Far more than what a run writes while a link is cut; far less than a loop would queue.
constexpr std::size_t link_bytes_max = std::size_t{1} << 20;

Bytes canonical(const ei_codec::Term& key) {
  Bytes scratch;
  const Bytes encoded = encode_term(key);
  const auto bytes = process::canonical_key(ei_codec::ScannedTerm::trusted(encoded), scratch);
  return {bytes->begin(), bytes->end()};
}

// Everything a merge can see, tombstones included.
std::map<Bytes, std::string> contents(const store::Replica& replica) {
  std::map<Bytes, std::string> all;
  replica.for_each([&](const store::RegisterPtr& reg) {
    all[Bytes(reg->key().begin(), reg->key().end())] = text_of(*reg);
  });
  return all;
}

std::string first_difference(const std::map<Bytes, std::string>& a,
                             const std::map<Bytes, std::string>& b) {
  for (const auto& [key, text] : a) {
    const auto found = b.find(key);
    if (found == b.end()) return text + " and nothing";
    if (found->second != text) return text + " and " + found->second;
  }
  for (const auto& [key, text] : b) {
    if (!a.contains(key)) return "nothing and " + text;
  }
  return {};
}

}  // namespace

Cluster::Cluster(std::uint64_t seed, bool told)
    : trace(schedule, told), random(seed), network(schedule, trace, random.split()) {
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
  const auto key_count = random.between(1, random.chance(75) ? keys_max : many_keys_max);
  for (std::int64_t i = 0; i < key_count; ++i) {
    keys_.push_back(canonical(i % 2 == 0 ? ei_codec::binary("k" + std::to_string(i))
                                         : ei_codec::atom("k" + std::to_string(i))));
  }
  list_key_ = canonical(ei_codec::charlist("charlist"));
  keys_of_all_ = keys_;
  for (const Node* node : nodes_) {
    own_keys_[node] = canonical(ei_codec::atom(node->name()));
    keys_of_all_.push_back(own_keys_[node]);
  }
  for (Node* node : nodes_) node->start();
  network.begin();
}

void Cluster::add_ours(const std::string& name) {
  constexpr std::array savings{Saving::off, Saving::async, Saving::sync};
  constexpr std::array texts{", memory only", ", with a disk", ", with a disk it waits for"};
  constexpr std::array feeds{HiddenFeed::announce, HiddenFeed::tap};
  // Drawn one after the other: compilers differ in which argument of a call they evaluate first.
  const bool visible = random.chance(40);
  const HiddenFeed feed = feeds[random.index(feeds.size())];
  const Saving saving = savings[random.index(savings.size())];
  ours_.push_back(std::make_unique<OurNode>(schedule, network, trace, promises, random.split(),
                                            name, visible, feed, saving));
  nodes_.push_back(ours_.back().get());
  if (trace.is_told())
    trace.tell(name + " is ours, " + (visible ? "visible" : "hidden") +
               texts[static_cast<std::size_t>(saving)]);
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

const Bytes& Cluster::own_key(const Node& node) const {
  return own_keys_.at(&node);
}

void Cluster::crash(Node& node) {
  if (trace.is_told()) trace.tell(node.name() + " crashes");
  node.crash();
  network.crashed(node);
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
  std::map<Bytes, std::string> wanted;
  for (const auto& node : ours_) {
    if (!node->is_alive()) continue;
    if (first == nullptr) {
      first = node.get();
      wanted = contents(node->replica());
      continue;
    }
    const std::string difference = first_difference(wanted, contents(node->replica()));
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
