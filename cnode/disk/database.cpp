#include "cnode/disk/database.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <sys/stat.h>
#include <unordered_set>
#include <utility>

#include "cnode/disk/about_table.hpp"
#include "cnode/disk/data_dir.hpp"
#include "cnode/disk/disk_error.hpp"
#include "cnode/disk/file_check.hpp"
#include "cnode/disk/limits.hpp"
#include "cnode/disk/lmdb.hpp"
#include "cnode/disk/record.hpp"
#include "cnode/disk/side_tables.hpp"
#include "cnode/disk/standard_descriptors.hpp"

namespace groot::disk {
namespace {

using store::JournalEntry;
using store::RegisterPtr;

// Of a file while it is open: once it is not, another may get the same.
using FileId = std::pair<dev_t, ino_t>;

FileId id_of(const struct stat& status) {
  return {status.st_dev, status.st_ino};
}

}  // namespace

struct Database::Impl {
  explicit Impl(DatabaseOptions given)
      : options(std::move(given)), memory_id(options.new_memory_id) {}

  // Takes the directory, which must hold no file but that of before, where there was one.
  Result<void> take_directory();
  // Whether what was written is still the file in the directory. It is asked after each commit:
  // LMDB goes on in a file that has no name any more, and knows nothing of that.
  Result<void> check_place();
  // Opens the environment and the tables, which are made in a new file.
  Result<void> open();
  Result<void> open_tables();
  // Makes what a file of the format before lacks; not sooner than something is written there, as a
  // damaged file is left as it is.
  [[nodiscard]] int bring_up_to_date(MDB_txn* txn);

  // Carries out `write` in a transaction: again in a larger map for as long as it does not fit.
  template <class Write>
  Result<void> commit(const Marks& marks_now, Write&& write);
  [[nodiscard]] int put_register(MDB_txn* txn, const store::Register& reg, std::uint64_t number,
                                 std::int64_t now_ms);
  [[nodiscard]] int write(MDB_txn* txn, const JournalEntry& entry, std::uint64_t number,
                          std::int64_t now_ms);
  // False when it cannot grow any more.
  bool grow();
  [[nodiscard]] std::uint64_t map_bytes() const;
  [[nodiscard]] const std::string& path() const { return options.directory; }

  DatabaseOptions options;
  std::optional<DataDir> directory;
  std::optional<FileId> file;  // that was written last, unless it was found gone
  Environment env;
  MDB_dbi registers = 0;  // record.hpp
  MDB_dbi about = 0;      // format, memory, and the marks: clock, alive, number
  SideTables side;
  FileReaders readers;
  Marks marks;
  std::uint64_t memory_id;
  bool is_up_to_date = true;
  bool has_forgotten_old = false;
  bool is_open_again = false;  // when it is opened next
  Bytes file_key;
  Bytes record;
};

Result<void> Database::Impl::take_directory() {
  // Whatever is opened from here on may be given such a number.
  occupy_standard_descriptors();
  if (directory && directory->is_in_place()) return {};
  directory.reset();  // its lock may be the very one that is asked for
  auto opened = DataDir::open(path());
  if (!opened) return opened.error();
  directory.emplace(*std::move(opened));
  return {};
}

Result<void> Database::Impl::check_place() {
  struct stat written {};
  struct stat found {};
  int handle = -1;
  ::mdb_env_get_fd(env.get(), &handle);
  const std::string name = directory->data_file();
  std::error_code why;
  if (::fstat(handle, &written) != 0 || ::stat(name.c_str(), &found) != 0) {
    why = {errno, std::generic_category()};
  } else if (written.st_nlink > 0 && id_of(written) == id_of(found)) {
    return {};
  }
  file.reset();
  env.reset();
  return {disk_errc::gone, name + ": " + (why ? why.message() : "another file is in its place")};
}

std::uint64_t Database::Impl::map_bytes() const {
  MDB_envinfo info{};
  ::mdb_env_info(env.get(), &info);
  return info.me_mapsize;
}

Result<void> Database::Impl::open() {
  if (auto taken = take_directory(); !taken) return taken;
  const std::string name = directory->data_file();
  struct stat found {};
  const bool exists = ::stat(name.c_str(), &found) == 0;
  const auto file_bytes = exists ? static_cast<std::uint64_t>(found.st_size) : 0;
  if (is_open_again && file_bytes > 0 && file != id_of(found)) {
    directory.reset();
    return {disk_errc::foreign, name + " is not the file that this node has written"};
  }
  MDB_env* created = nullptr;
  if (const int code = ::mdb_env_create(&created); code != 0) return lmdb_error(code, path());
  Environment opened(created);
  ::mdb_env_set_maxdbs(created, 4);
  std::uint64_t map = map_bytes_first;
  while (map < file_bytes * 2) map *= 2;
  // A file that is larger than it may be can still be read.
  if (options.bytes_max != 0) map = std::max(std::min(map, options.bytes_max), file_bytes);
  ::mdb_env_set_mapsize(created, map);
  if (const int code = ::mdb_env_open(created, path().c_str(), 0, 0600); code != 0) {
    return lmdb_error(code, path());
  }
  if (::stat(name.c_str(), &found) == 0) file = id_of(found);
  is_open_again = true;
  env = std::move(opened);
  if (auto tables = open_tables(); !tables) {
    env.reset();
    return tables;
  }
  return {};
}

Result<void> Database::Impl::open_tables() {
  Transaction txn;
  if (const int code = txn.begin(env.get()); code != 0) return lmdb_error(code, path());
  MDB_stat root{};
  MDB_dbi unnamed = 0;
  if (const int code = ::mdb_dbi_open(txn.get(), nullptr, 0, &unnamed); code != 0) {
    return lmdb_error(code, path());
  }
  ::mdb_stat(txn.get(), unnamed, &root);
  const bool is_new = root.ms_entries == 0;
  const unsigned flags = is_new ? MDB_CREATE : 0;
  for (const auto& [name, table] :
       {std::pair{"about", &about}, std::pair{"registers", &registers}}) {
    const int code = ::mdb_dbi_open(txn.get(), name, flags, table);
    if (code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE) {
      return {disk_errc::foreign, path() + " holds an LMDB file of another program"};
    }
    if (code != 0) return lmdb_error(code, path());
  }
  int code = 0;
  if (is_new) {
    code = bring_up_to_date(txn.get());
  } else {
    const auto read = read_about(txn.get(), about, path());
    if (!read) return read.error();
    is_up_to_date = read->is_of_this_format;
    marks = read->marks;
    // A file that is made anew while the node runs holds what the node remembers.
    if (read->memory_id != 0) memory_id = read->memory_id;
    if (is_up_to_date) code = side.open(txn.get(), 0);
  }
  // The tables' handles live on with the transaction that opened them.
  if (code == 0) code = txn.commit();
  return code == 0 ? Result<void>() : lmdb_error(code, path());
}

int Database::Impl::bring_up_to_date(MDB_txn* txn) {
  const int code = side.open(txn, MDB_CREATE);
  return code != 0 ? code : put_format(txn, about, memory_id);
}

int Database::Impl::put_register(MDB_txn* txn, const store::Register& reg, std::uint64_t number,
                                 std::int64_t now_ms) {
  encode_record(file_key, reg, number, now_ms, record);
  return put(txn, registers, file_key, record);
}

int Database::Impl::write(MDB_txn* txn, const JournalEntry& entry, std::uint64_t number,
                          std::int64_t now_ms) {
  if (entry.what == JournalEntry::What::cleared) return ::mdb_drop(txn, registers, 0);
  encode_file_key(entry.reg->key(), file_key);
  if (entry.what == JournalEntry::What::stored) {
    const int code = side.written(txn, file_key);
    return code != 0 ? code : put_register(txn, *entry.reg, number, now_ms);
  }
  if (entry.what == JournalEntry::What::set_aside) {
    if (const int code = side.set_aside(txn, *entry.reg, now_ms); code != 0) return code;
  }
  return erase(txn, registers, file_key);
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
    if (code == 0 && !is_up_to_date) code = bring_up_to_date(txn.get());
    if (code == 0) code = write(txn.get());
    if (code == 0) code = put_marks(txn.get(), about, marks_now);
    if (code == 0) code = txn.commit();
    if (code == 0) {
      is_up_to_date = true;
      marks = marks_now;
      return check_place();
    }
    txn.abort();
    if (code == MDB_MAP_FULL) {
      if (FileReaders::clear_dead(env.get()) > 0 || grow()) continue;
      return {disk_errc::full, path() + " has reached --data-max-size"};
    }
    env.reset();
    return lmdb_error(code, path());
  }
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  if (auto taken = impl->take_directory(); !taken) return taken.error();
  if (auto checked = check_file(impl->directory->data_file()); !checked) return checked.error();
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
  const std::string& path = impl_->path();
  Transaction txn;
  if (const int code = txn.begin(impl_->env.get(), MDB_RDONLY); code != 0) {
    return lmdb_error(code, path);
  }
  std::size_t damaged = 0;
  const int code = for_each_entry(txn.get(), impl_->registers, [&](ByteView key, ByteView record) {
    if (const auto kept = decode_record(key, record)) {
      visit(*kept);
    } else {
      ++damaged;
    }
  });
  if (code != 0) return lmdb_error(code, path);
  if (damaged > 0) {
    return {disk_errc::damaged, path + ": " + std::to_string(damaged) + " registers"};
  }
  return {};
}

Result<void> Database::save(std::span<const JournalEntry> changes, const Marks& marks,
                            std::int64_t now_ms, std::span<const store::KeptPeer> peers) {
  Impl& impl = *impl_;
  return impl.commit(marks, [&](MDB_txn* txn) {
    std::uint64_t number = marks.number - changes.size();
    int code = impl.side.put_peers(txn, peers);
    if (code == 0 && !std::exchange(impl.has_forgotten_old, true)) {
      code = impl.side.forget_old(txn, now_ms);
    }
    for (auto entry = changes.begin(); code == 0 && entry != changes.end(); ++entry) {
      code = impl.write(txn, *entry, ++number, now_ms);
    }
    return code;
  });
}

Result<void> Database::replace(std::span<const RegisterPtr> registers, const Marks& marks,
                               std::int64_t now_ms, std::span<const store::KeptPeer> peers,
                               std::span<const JournalEntry> aside) {
  Impl& impl = *impl_;
  return impl.commit(marks, [&](MDB_txn* txn) {
    if (const int code = impl.side.put_peers(txn, peers); code != 0) return code;
    for (const JournalEntry& entry : aside) {
      if (const int code = impl.write(txn, entry, 0, now_ms); code != 0) return code;
    }
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
      // It may be younger than the last entry: that of its own is to come.
      if (const int code = impl.put_register(txn, *reg, marks.number + 1, now_ms); code != 0) {
        return code;
      }
    }
    std::vector<Bytes> unwanted;
    int code = for_each_entry(txn, impl.registers, [&wanted, &unwanted](ByteView key, ByteView) {
      if (wanted.contains(std::string(ei_codec::as_text(key)))) return;
      unwanted.emplace_back(key.begin(), key.end());
    });
    for (auto key = unwanted.begin(); code == 0 && key != unwanted.end(); ++key) {
      code = erase(txn, impl.registers, *key);
    }
    return code;
  });
}

FileReaders::Look Database::look_at_readers(std::int64_t now_ms) {
  return impl_->env ? impl_->readers.look(impl_->env.get(), now_ms) : FileReaders::Look();
}

std::uint64_t Database::memory_id() const {
  return impl_->memory_id;
}

std::vector<store::KeptPeer> Database::peers() const {
  Transaction txn;
  const bool begun = txn.begin(impl_->env.get(), MDB_RDONLY) == 0;
  return begun ? impl_->side.peers(txn.get()) : std::vector<store::KeptPeer>();
}

void Database::for_each_set_aside(
    const std::function<void(const store::KeptRegister&)>& visit) const {
  Transaction txn;
  if (txn.begin(impl_->env.get(), MDB_RDONLY) == 0) {
    impl_->side.for_each_set_aside(txn.get(), visit);
  }
}

}  // namespace groot::disk
