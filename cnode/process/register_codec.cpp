#include "cnode/process/register_codec.hpp"

#include <optional>
#include <utility>

#include "cnode/process/gen_message.hpp"
#include "cnode/process/outbox.hpp"
#include "cnode/process/process_error.hpp"
#include "cnode/process/term_append.hpp"
#include "cnode/process/timestamp_codec.hpp"
#include "ei_codec/canonical.hpp"
#include "ei_codec/limits.hpp"
#include "store/limits.hpp"
#include "store/store_error.hpp"

namespace groot::process {
namespace {

constexpr std::string_view extra_key = "Elixir.Groot.Cpp";
// Everything of R but its key and value: four atom names, a stamp, the extra pair.
constexpr std::size_t register_overhead_max = 256;

// Far beyond any deadline of ours, far below where arithmetic on milliseconds overflows.
constexpr std::uint64_t expires_at_ms_max = std::uint64_t{1} << 53;

// What the extra pair says, before it is known whether it belongs to this version.
struct Extra {
  store::Timestamp stamp;
  store::RegisterKind kind = store::RegisterKind::value;
  std::optional<std::int64_t> expires_at_ms;
};

// Nothing when the term has another shape: a later version may say more, and R stands without it.
std::optional<Extra> read_extra(ScannedTerm term) {
  TermReader reader(term);
  Extra extra;
  if (reader.take_tuple() != 4U) return std::nullopt;
  const auto time = reader.take_uint64();
  if (!time) return std::nullopt;
  const auto counter = reader.take_uint64();
  if (!counter || *counter > 0xffff) return std::nullopt;
  const auto node_id = reader.take_uint64();
  if (!node_id) return std::nullopt;
  extra.stamp = {*time, static_cast<std::uint16_t>(*counter), *node_id};
  if (reader.take_atom("deleted")) {
    extra.kind = store::RegisterKind::tombstone;
    return extra;
  }
  if (reader.take_tuple() != 2U || !reader.take_atom("expires")) return std::nullopt;
  const auto expires = reader.take_uint64();
  if (!expires || *expires > expires_at_ms_max) return std::nullopt;
  extra.expires_at_ms = static_cast<std::int64_t>(*expires);
  return extra;
}

// True for the encodings that most keys have and that cannot be written in another way: saves the
// copy. False only means that it takes the general way to know.
bool is_plainly_canonical(ByteView term) {
  switch (term[0]) {
    case 97:   // SMALL_INTEGER_EXT
    case 109:  // BINARY_EXT
    case 119:  // SMALL_ATOM_UTF8_EXT
      return true;
    default:
      return false;
  }
}

// R up to its value.
void append_head(const store::Register& reg, Bytes& out) {
  append_map(out, reg.is_tombstone() || reg.expires_at_ms() ? 4 : 3);
  append_atom(out, "hlc");
  append_timestamp(reg.stamp(), out);
  append_atom(out, "key");
  append_bytes(out, reg.key());
  append_atom(out, "value");
}

// And what comes behind the value.
void append_extra(const store::Register& reg, Bytes& out) {
  if (!reg.is_tombstone() && !reg.expires_at_ms()) return;
  append_atom(out, extra_key);
  append_tuple(out, 4);
  append_unsigned(out, reg.stamp().time_ms);
  append_unsigned(out, reg.stamp().counter);
  append_unsigned(out, reg.stamp().node_id);
  if (reg.is_tombstone()) {
    append_atom(out, "deleted");
    return;
  }
  append_tuple(out, 2);
  append_atom(out, "expires");
  append_unsigned(out, static_cast<std::uint64_t>(*reg.expires_at_ms()));
}

}  // namespace

Result<ByteView> canonical_key(ScannedTerm key, Bytes& scratch) {
  ByteView canonical = key.bytes();
  if (!is_plainly_canonical(canonical)) {
    scratch.clear();
    if (auto done = append_canonical(key, scratch); !done) return done.error();
    canonical = scratch;
  }
  if (canonical.size() > store::key_bytes_max) return {store::store_errc::key_too_large, ""};
  return canonical;
}

Result<store::RegisterView> read_register(TermReader& reader, Bytes& key_scratch) {
  const auto bad = [](std::string why) {
    return Error{process_errc::bad_register, std::move(why)};
  };
  const auto pairs = reader.take_map();
  if (!pairs) return bad("not a map");
  store::RegisterView reg;
  bool has_stamp = false;
  std::optional<Extra> extra;
  for (std::uint32_t pair = 0; pair < *pairs; ++pair) {
    if (reader.take_atom("hlc")) {
      auto stamp = read_timestamp(reader);
      if (!stamp) return stamp.error();
      if (has_stamp) return bad("hlc twice");
      reg.stamp = *stamp;
      has_stamp = true;
    } else if (reader.take_atom("key")) {
      if (!reg.key.empty()) return bad("key twice");
      auto key = canonical_key(reader.take_term(), key_scratch);
      if (!key) return bad("key: " + key.error().text());
      reg.key = *key;
    } else if (reader.take_atom("value")) {
      if (!reg.value.empty()) return bad("value twice");
      const ScannedTerm value = reader.take_term();
      if (auto unique = check_unique_keys(value); !unique) {
        return bad("value: " + unique.error().text());
      }
      reg.value = value.bytes();
      reg.buffer = value.buffer();
    } else if (reader.take_atom(extra_key)) {
      extra = read_extra(reader.take_term());
    } else {
      reader.take_term();
      reader.take_term();
    }
  }
  if (reg.key.empty() || reg.value.empty() || !has_stamp) return bad("a field is missing");
  if (extra && extra->stamp == reg.stamp) {
    reg.kind = extra->kind;
    reg.expires_at_ms = extra->expires_at_ms;
  }
  return reg;
}

void append_register(const store::Register& reg, Bytes& out) {
  append_head(reg, out);
  append_bytes(out, reg.value());
  append_extra(reg, out);
}

bool is_large(const store::Register& reg) {
  return reg.value().size() >= ei_codec::kept_bytes_min;
}

SharedMessage value_message(const store::RegisterPtr& reg) {
  if (!is_large(*reg)) return share(Bytes(reg->value().begin(), reg->value().end()));
  return {share({}), 0, store::shared_value(reg)};
}

std::size_t register_bytes_max(const store::Register& reg) {
  return register_overhead_max + reg.key().size() + reg.value().size();
}

void append_registers(std::span<const store::RegisterPtr> registers, Bytes& out) {
  std::size_t bytes = out.size() + 5;
  for (const auto& reg : registers) bytes += reg->key().size() + register_bytes_max(*reg);
  out.reserve(bytes);
  append_map(out, static_cast<std::uint32_t>(registers.size()));
  for (const auto& reg : registers) {
    append_bytes(out, reg->key());
    append_register(*reg, out);
  }
}

SharedMessage encode_update(const store::RegisterPtr& reg) {
  const bool large = is_large(*reg);
  Bytes out;
  out.reserve(register_bytes_max(*reg) - (large ? reg->value().size() : 0) + 32);
  append_cast(out, "update_register");
  append_head(*reg, out);
  const std::size_t at = out.size();
  if (!large) append_bytes(out, reg->value());
  append_extra(*reg, out);
  if (!large) return share(std::move(out));
  return {share(std::move(out)), at, store::shared_value(reg)};
}

SharedMessage encode_updates(std::span<const store::RegisterPtr> registers) {
  Bytes out;
  append_cast(out, "update_registers");
  append_registers(registers, out);
  return share(std::move(out));
}

void UpdatesWriter::add(const store::Register& reg) {
  if (count_++ == 0) {
    append_cast(out_, "update_registers");
    append_map(out_, 0);
    count_at_ = out_.size() - sizeof(std::uint32_t);
  }
  append_bytes(out_, reg.key());
  append_register(reg, out_);
}

SharedMessage UpdatesWriter::take() {
  for (std::size_t i = 0; i < sizeof count_; ++i) {
    out_[count_at_ + i] = static_cast<std::uint8_t>(count_ >> (24 - 8 * i));
  }
  count_ = 0;
  return share(std::exchange(out_, {}));
}

}  // namespace groot::process
