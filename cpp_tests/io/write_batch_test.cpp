#include "cnode/io/write_batch.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using groot::dist::OutputChunk;
using groot::ei_codec::as_bytes;
using groot::ei_codec::as_text;
using groot::ei_codec::Bytes;
using groot::io::WriteBatch;

namespace {

Bytes bytes_of(std::string_view text) {
  const auto view = as_bytes(text);
  return {view.begin(), view.end()};
}

std::vector<OutputChunk> chunks() {
  std::vector<OutputChunk> made;
  made.push_back({.owned = bytes_of("head"), .shared = nullptr});
  made.push_back({.owned = {}, .shared = std::make_shared<const Bytes>(bytes_of("shared"))});
  made.push_back({.owned = {}, .shared = nullptr});
  made.push_back({.owned = bytes_of("tail"), .shared = nullptr});
  return made;
}

std::string left(const WriteBatch& batch) {
  std::string text;
  for (const auto piece : batch.pieces()) text += as_text(piece);
  return text;
}

}  // namespace

TEST_CASE("a batch keeps the order and skips what is empty") {
  WriteBatch batch;
  CHECK(batch.empty());
  batch.load(chunks());
  CHECK_FALSE(batch.empty());
  CHECK(batch.pieces().size() == 3);
  CHECK(left(batch) == "headsharedtail");
}

TEST_CASE("a batch goes on wherever a write has stopped") {
  const std::string whole = "headsharedtail";
  for (std::size_t step = 1; step <= whole.size(); ++step) {
    CAPTURE(step);
    WriteBatch batch;
    batch.load(chunks());
    std::size_t written = 0;
    while (!batch.empty()) {
      CHECK(left(batch) == whole.substr(written));
      const std::size_t count = std::min(step, whole.size() - written);
      batch.consume(count);
      written += count;
    }
    CHECK(written == whole.size());
  }
}

TEST_CASE("a batch of nothing is empty, and is loaded again after it is written") {
  WriteBatch batch;
  batch.load({});
  CHECK(batch.empty());
  batch.load(chunks());
  batch.consume(14);
  CHECK(batch.empty());
  const auto emptied = batch.take_emptied();
  CHECK(emptied.empty());
  CHECK(emptied.capacity() > 0);
  batch.load(chunks());
  CHECK(left(batch) == "headsharedtail");
}
