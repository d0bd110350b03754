// Who waits until a write is saved, and whether saving works at all. Where writes are answered at
// once nobody waits.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cnode/process/outbox.hpp"
#include "ei_codec/result.hpp"
#include "ei_codec/term.hpp"

namespace groot::process {

class Saves {
 public:
  // Error: process_errc::not_saved. Called exactly once, unless the node stops before.
  using Done = std::function<void(const Result<void>& saved, const Now& now)>;

  Saves(const RouterOptions& options, Outbox& outbox)
      : saving_(options.saving), file_readers_(options.file_readers), outbox_(outbox) {}

  // Whether anybody has to.
  [[nodiscard]] bool waits() const { return saving_ == Saving::sync; }
  // `end`: the replica's journal_end after the write.
  void when_saved(std::uint64_t end, const Now& now, Done done);
  // What is in the journal up to `end` is saved, or is known not to be and why.
  void settled(std::uint64_t end, const std::optional<std::string>& failure, const Now& now);

  // For sys:get_status: {"Saving", async | sync | {failing, Why :: charlist}}, and {"Readers",
  // [{Pid, Seconds}]} where somebody has been reading the file for long; nothing where there is no
  // data directory, so that a status without one is as stock's.
  [[nodiscard]] std::vector<ei_codec::Term> status() const;

 private:
  struct Waiting {
    std::uint64_t end;
    Done done;
  };

  Saving saving_;
  std::function<std::vector<FileReader>()> file_readers_;
  Outbox& outbox_;
  std::deque<Waiting> waiting_;  // the earliest first
  std::optional<std::string> failure_;
};

}  // namespace groot::process
