#include "cpp_tests/bench/update_stream.hpp"

#include <chrono>
#include <string>

#include "cnode/process/register_codec.hpp"
#include "cnode/process/replication.hpp"
#include "cnode/process/term_append.hpp"

namespace groot::bench {
namespace {

using ei_codec::Bytes;

constexpr std::int64_t before_now_ms = 10'000;  // stamps must not lie in the node's future

Bytes binary_of(std::uint32_t value, std::size_t size) {
  std::string text = std::to_string(value);
  text.insert(0, size - text.size(), '0');
  Bytes bytes;
  process::append_binary(bytes, text);
  return bytes;
}

}  // namespace

Bytes update_stream(const RawLink& link, std::uint32_t messages, std::uint32_t keys) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const auto begin_ms =
      static_cast<std::uint64_t>(duration_cast<milliseconds>(wall).count() - before_now_ms);
  Bytes stream;
  for (std::uint32_t i = 0; i < messages; ++i) {
    const store::Timestamp stamp{begin_ms + i / keys, 0, 0xfedc'ba98'7654'3210};
    const auto reg = store::Register::make({binary_of(i % keys, 16), binary_of(i, 32), stamp});
    Bytes message;
    process::encode_update(reg).append_to(message);
    link.append_frame(process::storage_name, message, stream);
  }
  return stream;
}

}  // namespace groot::bench
