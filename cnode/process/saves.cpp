#include "cnode/process/saves.hpp"

#include <utility>

#include "cnode/process/limits.hpp"
#include "cnode/process/process_error.hpp"

namespace groot::process {

void Saves::when_saved(std::uint64_t end, const Now& now, Done done) {
  if (!waits()) return done({}, now);
  if (waiting_.size() >= writes_waiting_max) {
    return done({process_errc::not_saved, "too many writes wait for the disk"}, now);
  }
  waiting_.push_back({end, std::move(done)});
}

void Saves::settled(std::uint64_t end, const std::optional<std::string>& failure, const Now& now) {
  if (failure && !failure_) {
    outbox_.log(LogLine::Level::error,
                "changes are no longer saved, only kept in memory: " + *failure);
  } else if (!failure && failure_) {
    outbox_.log(LogLine::Level::warning, "changes are saved again, those of meanwhile included");
  }
  failure_ = failure;
  const Result<void> result =
      failure ? Result<void>(process_errc::not_saved, *failure) : Result<void>();
  while (!waiting_.empty() && waiting_.front().end <= end) {
    const Done done = std::move(waiting_.front().done);
    waiting_.pop_front();
    done(result, now);
  }
}

std::vector<ei_codec::Term> Saves::status() const {
  if (saving_ == Saving::off) return {};
  ei_codec::Term how = ei_codec::atom(saving_ == Saving::sync ? "sync" : "async");
  if (failure_) {
    how = ei_codec::tuple({ei_codec::atom("failing"), ei_codec::charlist(*failure_)});
  }
  std::vector<ei_codec::Term> status{
      ei_codec::tuple({ei_codec::charlist("Saving"), std::move(how)})};
  std::vector<ei_codec::Term> readers;
  if (file_readers_) {
    for (const FileReader& reader : file_readers_()) {
      readers.push_back(ei_codec::tuple({reader.pid, reader.for_ms / 1'000}));
    }
  }
  if (!readers.empty()) {
    status.push_back(
        ei_codec::tuple({ei_codec::charlist("Readers"), ei_codec::list(std::move(readers))}));
  }
  return status;
}

}  // namespace groot::process
