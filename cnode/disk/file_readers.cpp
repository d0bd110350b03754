#include "cnode/disk/file_readers.hpp"

#include <algorithm>
#include <charconv>
#include <lmdb.h>
#include <string_view>
#include <unistd.h>

namespace groot::disk {
namespace {

std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(" \n"));
  line.remove_prefix(word.size());
  return word;
}

template <class Number>
bool read_number(std::string_view word, Number& number) {
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number);
  return error == std::errc() && stop == end;
}

struct Row {
  std::int64_t pid = 0;
  std::uint64_t transaction = 0;
};

// A line of mdb_reader_list: pid, thread, transaction, where one that reads nothing has `-`; before
// them a line of headings.
int add_row(const char* text, void* rows) {
  std::string_view line(text);
  Row row;
  const std::string_view pid = take_word(line);
  take_word(line);
  if (read_number(pid, row.pid) && read_number(take_word(line), row.transaction)) {
    static_cast<std::vector<Row>*>(rows)->push_back(row);
  }
  return 0;
}

}  // namespace

std::size_t FileReaders::clear_dead(MDB_env* env) {
  int dead = 0;
  return ::mdb_reader_check(env, &dead) == 0 ? static_cast<std::size_t>(dead) : 0;
}

FileReaders::Look FileReaders::look(MDB_env* env, std::int64_t now_ms) {
  Look look;
  look.dead = clear_dead(env);
  std::vector<Row> rows;
  ::mdb_reader_list(env, add_row, &rows);
  std::map<Reading, std::int64_t> seen;
  for (const Row& row : rows) {
    if (row.pid == ::getpid()) continue;
    const Reading reading{row.pid, row.transaction};
    const auto before = seen_.find(reading);
    const std::int64_t since_ms = before == seen_.end() ? now_ms : before->second;
    if (!seen.emplace(reading, since_ms).second) continue;
    if (before != seen_.end()) look.slow.push_back({row.pid, since_ms});
  }
  seen_ = std::move(seen);
  return look;
}

}  // namespace groot::disk
