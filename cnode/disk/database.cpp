#include "cnode/disk/database.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unordered_set>
#include <utility>

#include "cnode/disk/data_dir.hpp"
#include "cnode/disk/file_check.hpp"
#include "cnode/disk/limits.hpp"
#include "cnode/disk/lmdb.hpp"
#include "cnode/disk/record.hpp"
#include "ei_codec/byte_reader.hpp"
#include "ei_codec/byte_writer.hpp"

namespace groot::disk {
namespace {

using store::JournalEntry;
using store::RegisterPtr;

constexpr std::string_view format_key = "format";
constexpr std::string_view format_prefix = "groot ";
constexpr std::string_view format = "groot 1";
constexpr std::string_view clock_key = "clock";
constexpr std::string_view alive_key = "alive";

std::optional<ByteView> get(MDB_txn* txn, MDB_dbi table, std::string_view key) {
  MDB_val name = to_val(ei_codec::as_bytes(key));
  MDB_val found{};
  if (::mdb_get(txn, table, &name, &found) != 0) return std::nullopt;
  return to_view(found);
}

int put(MDB_txn* txn, MDB_dbi table, ByteView key, ByteView value) {
  MDB_val name = to_val(key);
  MDB_val data = to_val(value);
  return ::mdb_put(txn, table, &name, &data, 0);
}

int erase(MDB_txn* txn, MDB_dbi table, ByteView key) {
  MDB_val name = to_val(key);
  const int code = ::mdb_del(txn, table, &name, nullptr);
  return code == MDB_NOTFOUND ? 0 : code;
}

}  // namespace

struct Database::Impl {
  Impl(DatabaseOptions given, DataDir opened)
      : options(std::move(given)), directory(std::move(opened)) {}

  // Opens the environment and the two tables, which are made in a new file.
  Result<void> open();
  Result<void> open_tables();
  Result<void> read_marks(MDB_txn* txn);

  // Carries out `write` in a transaction: again in a larger map for as long as it does not fit.
  template <class Write>
  Result<void> commit(const Marks& marks_now, Write&& write);
  [[nodiscard]] int put_marks(MDB_txn* txn, const Marks& marks_now) const;
  [[nodiscard]] int put_register(MDB_txn* txn, const store::Register& reg, std::int64_t now_ms);
  // False when it cannot grow any more.
  bool grow();
  [[nodiscard]] std::uint64_t map_bytes() const;

  DatabaseOptions options;
  DataDir directory;
  Environment env;
  MDB_dbi registers = 0;  // record.hpp
  MDB_dbi about = 0;      // format, clock, alive
  Marks marks;
  Bytes file_key;
  Bytes record;
};

std::uint64_t Database::Impl::map_bytes() const {
  MDB_envinfo info{};
  ::mdb_env_info(env.get(), &info);
  return info.me_mapsize;
}

Result<void> Database::Impl::open() {
  const std::string& path = directory.path();
  MDB_env* created = nullptr;
  if (const int code = ::mdb_env_create(&created); code != 0) return lmdb_error(code, path);
  env.reset(created);
  ::mdb_env_set_maxdbs(env.get(), 2);
  struct stat file {};
  const bool exists = ::stat(directory.data_file().c_str(), &file) == 0;
  const auto file_bytes = exists ? static_cast<std::uint64_t>(file.st_size) : 0;
  std::uint64_t map = map_bytes_first;
  while (map < file_bytes * 2) map *= 2;
  // A file that is larger than it may be can still be read.
  if (options.bytes_max != 0) map = std::max(std::min(map, options.bytes_max), file_bytes);
  ::mdb_env_set_mapsize(env.get(), map);
  if (const int code = ::mdb_env_open(env.get(), path.c_str(), 0, 0600); code != 0) {
    return lmdb_error(code, path);
  }
  return open_tables();
}

Result<void> Database::Impl::open_tables() {
  const std::string& path = directory.path();
  Transaction txn;
  if (const int code = txn.begin(env.get()); code != 0) return lmdb_error(code, path);
  MDB_stat root{};
  MDB_dbi unnamed = 0;
  if (const int code = ::mdb_dbi_open(txn.get(), nullptr, 0, &unnamed); code != 0) {
    return lmdb_error(code, path);
  }
  ::mdb_stat(txn.get(), unnamed, &root);
  const bool is_new = root.ms_entries == 0;
  const unsigned flags = is_new ? MDB_CREATE : 0;
  for (const auto& [name, table] :
       {std::pair{"about", &about}, std::pair{"registers", &registers}}) {
    const int code = ::mdb_dbi_open(txn.get(), name, flags, table);
    if (code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE) {
      return {disk_errc::foreign, path + " holds an LMDB file of another program"};
    }
    if (code != 0) return lmdb_error(code, path);
  }
  if (is_new) {
    const int put_format =
        put(txn.get(), about, ei_codec::as_bytes(format_key), ei_codec::as_bytes(format));
    if (put_format != 0) return lmdb_error(put_format, path);
  } else if (auto read = read_marks(txn.get()); !read) {
    return read;
  }
  // The tables' handles live on with the transaction that opened them.
  if (const int code = txn.commit(); code != 0) return lmdb_error(code, path);
  return {};
}

Result<void> Database::Impl::read_marks(MDB_txn* txn) {
  const std::string& path = directory.path();
  const auto found = get(txn, about, format_key);
  if (!found || !ei_codec::as_text(*found).starts_with(format_prefix)) {
    return {disk_errc::foreign, path + " holds an LMDB file of another program"};
  }
  if (ei_codec::as_text(*found) != format) {
    return {disk_errc::newer_format,
            path + " has the format \"" + std::string(ei_codec::as_text(*found)) + "\""};
  }
  if (const auto clock = get(txn, about, clock_key)) {
    ei_codec::ByteReader reader(*clock);
    marks.clock.time_ms = reader.u64();
    marks.clock.counter = reader.u16();
    if (!reader.ok()) return {disk_errc::damaged, path + ": the clock's stamp"};
  }
  if (const auto alive = get(txn, about, alive_key)) {
    ei_codec::ByteReader reader(*alive);
    marks.alive_ms = static_cast<std::int64_t>(reader.u64());
    if (!reader.ok()) return {disk_errc::damaged, path + ": the time of the last note"};
  }
  return {};
}

int Database::Impl::put_marks(MDB_txn* txn, const Marks& marks_now) const {
  Bytes clock;
  ei_codec::ByteWriter(clock).u64(marks_now.clock.time_ms).u16(marks_now.clock.counter);
  Bytes alive;
  ei_codec::ByteWriter(alive).u64(static_cast<std::uint64_t>(marks_now.alive_ms));
  const int code = put(txn, about, ei_codec::as_bytes(clock_key), clock);
  return code != 0 ? code : put(txn, about, ei_codec::as_bytes(alive_key), alive);
}

int Database::Impl::put_register(MDB_txn* txn, const store::Register& reg, std::int64_t now_ms) {
  encode_record(file_key, reg, now_ms, record);
  return put(txn, registers, file_key, record);
}

bool Database::Impl::grow() {
  const std::uint64_t now = map_bytes();
  std::uint64_t next = now * 2;
  if (options.bytes_max != 0) next = std::min(next, options.bytes_max);
  return next > now && ::mdb_env_set_mapsize(env.get(), next) == 0;
}

template <class Write>
Result<void> Database::Impl::commit(const Marks& marks_now, Write&& write) {
  // A commit that failed half way leaves an environment that refuses everything: a new one reads
  // the file as the last commit left it.
  if (!env) {
    if (auto opened = open(); !opened) return opened;
  }
  while (true) {
    Transaction txn;
    int code = txn.begin(env.get());
    if (code == 0) code = write(txn.get());
    if (code == 0) code = put_marks(txn.get(), marks_now);
    if (code == 0) code = txn.commit();
    if (code == 0) {
      marks = marks_now;
      return {};
    }
    txn.abort();
    if (code == MDB_MAP_FULL) {
      if (grow()) continue;
      return {disk_errc::full, directory.path() + " has reached --data-max-size"};
    }
    env.reset();
    return lmdb_error(code, directory.path());
  }
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  auto directory = DataDir::open(options.directory);
  if (!directory) return directory.error();
  if (auto checked = check_file(directory->data_file()); !checked) return checked.error();
  auto impl = std::make_unique<Impl>(options, *std::move(directory));
  if (auto opened = impl->open(); !opened) return opened.error();
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

const Marks& Database::marks() const {
  return impl_->marks;
}

std::size_t Database::size() const {
  Transaction txn;
  MDB_stat stat{};
  if (txn.begin(impl_->env.get(), MDB_RDONLY) == 0) {
    ::mdb_stat(txn.get(), impl_->registers, &stat);
  }
  return stat.ms_entries;
}

Result<void> Database::load(const std::function<void(const store::KeptRegister&)>& visit) const {
  const std::string& path = impl_->directory.path();
  Transaction txn;
  if (const int code = txn.begin(impl_->env.get(), MDB_RDONLY); code != 0) {
    return lmdb_error(code, path);
  }
  MDB_cursor* opened = nullptr;
  if (const int code = ::mdb_cursor_open(txn.get(), impl_->registers, &opened); code != 0) {
    return lmdb_error(code, path);
  }
  const Cursor cursor(opened);
  MDB_val key{};
  MDB_val record{};
  std::size_t damaged = 0;
  int code = ::mdb_cursor_get(cursor.get(), &key, &record, MDB_FIRST);
  for (; code == 0; code = ::mdb_cursor_get(cursor.get(), &key, &record, MDB_NEXT)) {
    if (const auto kept = decode_record(to_view(key), to_view(record))) {
      visit(*kept);
    } else {
      ++damaged;
    }
  }
  if (code != MDB_NOTFOUND) return lmdb_error(code, path);
  if (damaged > 0) {
    return {disk_errc::damaged, path + ": " + std::to_string(damaged) + " registers"};
  }
  return {};
}

Result<void> Database::save(std::span<const JournalEntry> changes, const Marks& marks,
                            std::int64_t now_ms) {
  Impl& impl = *impl_;
  return impl.commit(marks, [&](MDB_txn* txn) {
    int code = 0;
    for (auto entry = changes.begin(); code == 0 && entry != changes.end(); ++entry) {
      if (entry->what == JournalEntry::What::cleared) {
        code = ::mdb_drop(txn, impl.registers, 0);
        continue;
      }
      encode_file_key(entry->reg->key(), impl.file_key);
      code = entry->what == JournalEntry::What::stored ? impl.put_register(txn, *entry->reg, now_ms)
                                                       : erase(txn, impl.registers, impl.file_key);
    }
    return code;
  });
}

Result<void> Database::replace(std::span<const RegisterPtr> registers, const Marks& marks,
                               std::int64_t now_ms) {
  Impl& impl = *impl_;
  return impl.commit(marks, [&](MDB_txn* txn) {
    std::unordered_set<std::string> wanted;
    wanted.reserve(registers.size());
    for (const RegisterPtr& reg : registers) {
      encode_file_key(reg->key(), impl.file_key);
      wanted.emplace(ei_codec::as_text(impl.file_key));
      MDB_val key = to_val(impl.file_key);
      MDB_val held{};
      if (::mdb_get(txn, impl.registers, &key, &held) == 0) {
        const auto kept = decode_record(impl.file_key, to_view(held));
        if (kept && merge_order(kept->reg, reg->view()) == 0) continue;
      }
      if (const int code = impl.put_register(txn, *reg, now_ms); code != 0) return code;
    }
    MDB_cursor* opened = nullptr;
    if (const int code = ::mdb_cursor_open(txn, impl.registers, &opened); code != 0) return code;
    const Cursor cursor(opened);
    MDB_val key{};
    MDB_val record{};
    int code = ::mdb_cursor_get(cursor.get(), &key, &record, MDB_FIRST);
    for (; code == 0; code = ::mdb_cursor_get(cursor.get(), &key, &record, MDB_NEXT)) {
      if (wanted.contains(std::string(ei_codec::as_text(to_view(key))))) continue;
      if (const int erased = ::mdb_cursor_del(cursor.get(), 0); erased != 0) return erased;
    }
    return code == MDB_NOTFOUND ? 0 : code;
  });
}

}  // namespace groot::disk
