// The layout is that of lmdb.h 0.9 on a machine with 64 bits, whose numbers are in its own order:
//
//   page    number:64  pad:16  flags:16  lower:16  upper:16  then node offsets:16 up to lower,
//   nodes
//           from upper on; of an overflow page lower and upper are one number, how many pages it is
//   node    low:16  high:16  flags:16  key_size:16  key  value
//           branch: low, high and flags are the page below; leaf: low and high are the value's size
//   table   pad:32  flags:16  depth:16  three page counts:64  entries:64  root:64
//   meta    (in page 0 and 1) magic:32  version:32  address:64  size:64  free table  main table
//           last page:64  transaction:64
#include "cnode/disk/file_check.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <compare>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <span>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "cnode/disk/disk_error.hpp"
#include "ei_codec/bytes.hpp"

namespace groot::disk {
namespace {

using ei_codec::Bytes;
using ei_codec::ByteView;

constexpr std::uint32_t magic = 0xbeefc0de;
constexpr std::uint32_t version = 1;
constexpr std::size_t page_header_size = 16;
constexpr std::size_t node_header_size = 8;
constexpr std::size_t table_size = 48;
constexpr std::size_t address_at = page_header_size + 8;
constexpr std::size_t free_table_at = page_header_size + 24;
constexpr std::size_t main_table_at = free_table_at + table_size;
constexpr std::size_t last_page_at = main_table_at + table_size;
constexpr std::size_t transaction_at = last_page_at + 8;
constexpr std::size_t meta_size = transaction_at + 8;
constexpr std::uint64_t meta_pages = 2;
constexpr std::size_t page_size_min = 512;
constexpr std::size_t page_size_max = 32'768;
constexpr std::uint16_t branch_page = 0x01;
constexpr std::uint16_t leaf_page = 0x02;
constexpr std::uint16_t overflow_page = 0x04;
constexpr std::uint16_t value_elsewhere = 0x01;
constexpr std::uint16_t value_is_table = 0x02;
constexpr std::uint16_t integer_key = 0x08;
constexpr std::uint16_t table_flags = 0x7e;  // others are the environment's
constexpr std::uint64_t no_page = ~std::uint64_t{0};
// The last pages of a file are not written where a transaction has used and freed them.
constexpr std::uint64_t unwritten_pages_max = std::uint64_t{1} << 20;

template <class Number>
Number read(ByteView bytes, std::size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

class Walk {
 public:
  Walk(int file, std::size_t page_size, std::uint64_t pages)
      : file_(file), page_(page_size), seen_(pages) {
    take(0, meta_pages);
  }

  // The table of free pages at `description`: its keys are numbers.
  bool free_table(ByteView description) { return table(description, true); }
  // After all tables: a page that is said to be free, and is not, would be written over.
  bool free_pages_are_free() {
    return std::ranges::all_of(free_, [this](std::uint64_t page) { return take(page, 1); });
  }
  // The table at `description` and all below it.
  bool table(ByteView description, bool has_numbers = false) {
    // With other flags LMDB would look for keys in another order, or for many values of one.
    const auto flags = read<std::uint16_t>(description, 4) & table_flags;
    if (flags != (has_numbers ? integer_key : 0)) return false;
    const auto root = read<std::uint64_t>(description, 40);
    if (root == no_page) return true;
    entries_ = 0;
    has_numbers_ = has_numbers;
    least_.reset();
    std::vector<Subtree> left{{root, {}}};
    std::vector<Bytes> tables;
    while (!left.empty()) {
      const Subtree next = std::move(left.back());
      left.pop_back();
      if (!next.first_key.empty() && !follows(next.first_key, false)) return false;
      if (!page(next.page, left, tables)) return false;
    }
    if (entries_ != read<std::uint64_t>(description, 32)) return false;
    for (const Bytes& below : tables) {
      if (!table(below)) return false;
    }
    return true;
  }

 private:
  // Takes the pages from `number` on, which nobody else may have.
  bool take(std::uint64_t number, std::uint64_t count) {
    if (number >= seen_.size() || count > seen_.size() - number) return false;
    for (std::uint64_t i = number; i < number + count; ++i) {
      if (seen_[i]) return false;
      seen_[i] = true;
    }
    return true;
  }

  bool load(std::uint64_t number, std::span<std::uint8_t> into) const {
    const auto at = static_cast<off_t>(number * page_.size());
    return ::pread(file_, into.data(), into.size(), at) == static_cast<ssize_t>(into.size()) &&
           read<std::uint64_t>(into, 0) == number;
  }

  // A page that is still to be walked; no key in it is less than that, none before it is as great.
  struct Subtree {
    std::uint64_t page = 0;
    Bytes first_key;
  };

  [[nodiscard]] std::weak_ordering order(ByteView a, ByteView b) const {
    if (has_numbers_) return read<std::uint64_t>(a, 0) <=> read<std::uint64_t>(b, 0);
    return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
  }
  // Keys come in order, each once: else one is looked for in vain, and written twice. `is_held`:
  // the key is an entry's, and the next one is greater.
  bool follows(ByteView key, bool is_held) {
    if (has_numbers_ && key.size() != sizeof(std::uint64_t)) return false;
    if (least_) {
      const auto after = order(key, *least_);
      if (after < 0 || (after == 0 && least_is_held_)) return false;
    }
    least_.emplace(key.begin(), key.end());
    least_is_held_ = is_held;
    return true;
  }

  bool page(std::uint64_t number, std::vector<Subtree>& left, std::vector<Bytes>& tables) {
    if (!take(number, 1) || !load(number, page_)) return false;
    const auto flags = read<std::uint16_t>(page_, 10);
    const std::size_t lower = read<std::uint16_t>(page_, 12);
    const std::size_t upper = read<std::uint16_t>(page_, 14);
    const bool is_branch = flags == branch_page;
    if (!is_branch && flags != leaf_page) return false;
    if (lower <= page_header_size || lower > upper || upper > page_.size()) return false;
    nodes_.clear();
    for (std::size_t at = page_header_size; at + 2 <= lower; at += 2) {
      const std::size_t node = read<std::uint16_t>(page_, at);
      if (node < upper || node + node_header_size > page_.size()) return false;
      nodes_.push_back(node);
      const ByteView bytes = ByteView(page_).subspan(node);
      if (!(is_branch ? branch(bytes, left) : leaf(bytes, tables))) return false;
    }
    // The first is to be walked next.
    if (is_branch) {
      std::reverse(left.end() - static_cast<std::ptrdiff_t>(nodes_.size()), left.end());
    }
    // One that stands there twice stands in the place of another.
    std::ranges::sort(nodes_);
    return std::ranges::adjacent_find(nodes_) == nodes_.end();
  }

  static bool branch(ByteView node, std::vector<Subtree>& left) {
    const std::size_t key_size = read<std::uint16_t>(node, 6);
    if (node_header_size + key_size > node.size()) return false;
    const ByteView key = node.subspan(node_header_size, key_size);
    left.push_back({std::uint64_t{read<std::uint32_t>(node, 0)} |
                        std::uint64_t{read<std::uint16_t>(node, 4)} << 32,
                    Bytes(key.begin(), key.end())});
    return true;
  }

  bool leaf(ByteView node, std::vector<Bytes>& tables) {
    const std::size_t size = read<std::uint32_t>(node, 0);
    const auto flags = read<std::uint16_t>(node, 4);
    const std::size_t value_at = node_header_size + read<std::uint16_t>(node, 6);
    // With any other flag LMDB takes the value for something that our tables do not have.
    if (flags != 0 && flags != value_elsewhere && flags != value_is_table) return false;
    const bool elsewhere = flags == value_elsewhere;
    const std::size_t here = elsewhere ? sizeof(std::uint64_t) : size;
    if (value_at > node.size() || here > node.size() - value_at) return false;
    ++entries_;
    if (!follows(node.subspan(node_header_size, value_at - node_header_size), true)) return false;
    if (elsewhere && !overflow(read<std::uint64_t>(node, value_at), size)) return false;
    if (has_numbers_) return free_pages(node.subspan(value_at, here), size, elsewhere);
    if (elsewhere) return true;
    if (flags != value_is_table) return true;
    if (size != table_size) return false;
    const ByteView table = node.subspan(value_at, size);
    tables.emplace_back(table.begin(), table.end());
    return true;
  }

  // What the table of free pages holds: a count, and so many numbers of pages.
  bool free_pages(ByteView value, std::size_t size, bool elsewhere) {
    Bytes read_there;
    if (elsewhere) {
      read_there.resize(size);
      const std::uint64_t number = read<std::uint64_t>(value, 0);
      const auto at = static_cast<off_t>(number * page_.size() + page_header_size);
      const auto got = ::pread(file_, read_there.data(), size, at);
      if (got != static_cast<ssize_t>(size)) return false;
      value = read_there;
    }
    if (value.size() < sizeof(std::uint64_t)) return false;
    const auto count = read<std::uint64_t>(value, 0);
    if (count > value.size() / sizeof(std::uint64_t) - 1) return false;
    for (std::uint64_t i = 1; i <= count; ++i) {
      free_.push_back(read<std::uint64_t>(value, i * sizeof(std::uint64_t)));
    }
    return true;
  }

  bool overflow(std::uint64_t number, std::size_t size) {
    std::array<std::uint8_t, page_header_size> header{};
    if (number >= seen_.size() || !load(number, header)) return false;
    const std::uint64_t count = read<std::uint32_t>(header, 12);
    return read<std::uint16_t>(header, 10) == overflow_page &&
           count * page_.size() >= page_header_size + size && take(number, count);
  }

  int file_;
  Bytes page_;
  std::vector<bool> seen_;
  std::vector<std::size_t> nodes_;  // where those of the page at hand are
  std::vector<std::uint64_t> free_;
  // Of the table being walked:
  std::uint64_t entries_ = 0;
  bool has_numbers_ = false;
  std::optional<Bytes> least_;  // what the next key is not less than
  bool least_is_held_ = false;  // nor the same as
};

struct Meta {
  std::array<std::uint8_t, meta_size> bytes{};
  [[nodiscard]] bool is_known() const {
    return read<std::uint32_t>(bytes, page_header_size) == magic &&
           read<std::uint32_t>(bytes, page_header_size + 4) == version;
  }
  [[nodiscard]] std::size_t page_size() const { return read<std::uint32_t>(bytes, free_table_at); }
  [[nodiscard]] std::uint64_t address() const { return read<std::uint64_t>(bytes, address_at); }
  [[nodiscard]] std::uint64_t last_page() const { return read<std::uint64_t>(bytes, last_page_at); }
  [[nodiscard]] std::uint64_t transaction() const {
    return read<std::uint64_t>(bytes, transaction_at);
  }
};

std::optional<Meta> read_meta(int file, std::size_t at) {
  Meta meta;
  const auto got = ::pread(file, meta.bytes.data(), meta.bytes.size(), static_cast<off_t>(at));
  if (got != static_cast<ssize_t>(meta.bytes.size())) return std::nullopt;
  return meta;
}

// Each transaction is in the other meta page than the one before: even numbers in the first.
bool are_neighbours(std::uint64_t first, std::uint64_t second) {
  if (first == 0 && second == 0) return true;  // no transaction yet
  return first % 2 == 0 && (second == first + 1 || second + 1 == first);
}

bool is_whole(int file, std::uint64_t file_bytes) {
  if (file_bytes == 0) return true;
  const auto first = read_meta(file, 0);
  if (!first) return false;
  if (!first->is_known()) return true;
  const std::size_t page_size = first->page_size();
  if (page_size < page_size_min || page_size > page_size_max) return false;
  const auto second = read_meta(file, page_size);
  if (!second || !second->is_known() || second->page_size() != page_size) return false;
  // LMDB would map the file there, whatever is there by now.
  if (first->address() != 0 || second->address() != 0) return false;
  if (!are_neighbours(first->transaction(), second->transaction())) return false;
  const Meta& newest = second->transaction() > first->transaction() ? *second : *first;
  const ByteView meta = newest.bytes;
  // LMDB puts the next page behind the last, wherever that is said to be, and makes the file so
  // long.
  const std::uint64_t last_page = newest.last_page();
  if (last_page >= file_bytes / page_size + unwritten_pages_max) return false;
  Walk walk(file, page_size, last_page + 1);
  return walk.free_table(meta.subspan(free_table_at, table_size)) &&
         walk.table(meta.subspan(main_table_at, table_size)) && walk.free_pages_are_free();
}

}  // namespace

Result<void> check_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return {};
  struct stat status {};
  if (file < 0 || ::fstat(file, &status) != 0) {
    const std::error_code why(errno, std::generic_category());
    if (file >= 0) ::close(file);
    return {disk_errc::unusable, path + ": " + why.message()};
  }
  const bool whole = is_whole(file, static_cast<std::uint64_t>(status.st_size));
  ::close(file);
  if (whole) return {};
  return {disk_errc::damaged, path + " is not whole"};
}

}  // namespace groot::disk
