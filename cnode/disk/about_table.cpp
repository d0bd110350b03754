#include "cnode/disk/about_table.hpp"

#include <optional>
#include <string_view>

#include "ei_codec/byte_reader.hpp"
#include "ei_codec/byte_writer.hpp"

namespace groot::disk {
namespace {

using ei_codec::as_bytes;
using ei_codec::ByteReader;
using ei_codec::ByteWriter;

constexpr std::string_view format_key = "format";
constexpr std::string_view format_prefix = "groot ";
constexpr std::string_view format = "groot 2";
constexpr std::string_view format_before = "groot 1";
constexpr std::string_view memory_key = "memory";
constexpr std::string_view clock_key = "clock";
constexpr std::string_view alive_key = "alive";
constexpr std::string_view number_key = "number";

int put_u64(MDB_txn* txn, MDB_dbi table, std::string_view key, std::uint64_t value) {
  Bytes bytes;
  ByteWriter(bytes).u64(value);
  return put(txn, table, as_bytes(key), bytes);
}

// What is there under `key`, or 0; none when that is no number.
std::optional<std::uint64_t> read_u64(MDB_txn* txn, MDB_dbi table, std::string_view key) {
  const auto found = get(txn, table, as_bytes(key));
  if (!found) return 0;
  ByteReader reader(*found);
  const std::uint64_t value = reader.u64();
  return reader.ok() ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<About> read_about(MDB_txn* txn, MDB_dbi table, const std::string& path) {
  const auto found = get(txn, table, as_bytes(format_key));
  if (!found || !ei_codec::as_text(*found).starts_with(format_prefix)) {
    return {disk_errc::foreign, path + " holds an LMDB file of another program"};
  }
  const std::string_view text = ei_codec::as_text(*found);
  if (text != format && text != format_before) {
    return {disk_errc::newer_format, path + " has the format \"" + std::string(text) + "\""};
  }
  About about;
  about.is_of_this_format = text == format;
  if (const auto clock = get(txn, table, as_bytes(clock_key))) {
    ByteReader reader(*clock);
    about.marks.clock.time_ms = reader.u64();
    about.marks.clock.counter = reader.u16();
    if (!reader.ok() || about.marks.clock.time_ms > store::time_ms_max) {
      return {disk_errc::damaged, path + ": the clock's stamp"};
    }
  }
  const auto alive = read_u64(txn, table, alive_key);
  if (!alive || *alive > store::time_ms_max) {
    return {disk_errc::damaged, path + ": the time of the last note"};
  }
  const auto number = read_u64(txn, table, number_key);
  if (!number) return {disk_errc::damaged, path + ": the number of the last change"};
  const auto memory_id = read_u64(txn, table, memory_key);
  if (!memory_id) return {disk_errc::damaged, path + ": whose memory it is"};
  about.marks.alive_ms = static_cast<std::int64_t>(*alive);
  about.marks.number = *number;
  about.memory_id = *memory_id;
  return about;
}

int put_format(MDB_txn* txn, MDB_dbi table, std::uint64_t memory_id) {
  const int code = put(txn, table, as_bytes(format_key), as_bytes(format));
  return code != 0 ? code : put_u64(txn, table, memory_key, memory_id);
}

int put_marks(MDB_txn* txn, MDB_dbi table, const Marks& marks) {
  Bytes clock;
  ByteWriter(clock).u64(marks.clock.time_ms).u16(marks.clock.counter);
  int code = put(txn, table, as_bytes(clock_key), clock);
  if (code == 0) {
    code = put_u64(txn, table, alive_key, static_cast<std::uint64_t>(marks.alive_ms));
  }
  return code != 0 ? code : put_u64(txn, table, number_key, marks.number);
}

}  // namespace groot::disk
