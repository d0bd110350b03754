#include "cnode/process/register_shape.hpp"

#include "cnode/process/timestamp_codec.hpp"
#include "store/limits.hpp"

namespace groot::process {

void RegisterShape::learn(ScannedTerm reg) {
  RegisterShape shape;
  std::size_t field_count = 0;
  std::size_t begin = 0;
  TermReader reader(reg);
  const auto position = [&] { return reg.size() - reader.left(); };
  const auto keep_fixed = [&] {
    const ByteView bytes = reg.bytes().subspan(begin, position() - begin);
    shape.fixed_.insert(shape.fixed_.end(), bytes.begin(), bytes.end());
  };
  const auto field = [&](Field which) {
    const std::size_t from = shape.fixed_.size();
    keep_fixed();
    shape.steps_[field_count++] = {from, shape.fixed_.size() - from, which};
    reader.take_term();
    begin = position();
  };

  if (reader.take_map() != 3U) return;
  for (int pair = 0; pair < 3; ++pair) {
    if (reader.take_atom("key")) {
      field(Field::key);
    } else if (reader.take_atom("value")) {
      field(Field::value);
    } else {
      reader.take_term();  // hlc
      reader.take_map();
      for (int entry = 0; entry < 4; ++entry) {
        if (reader.take_atom("counter")) {
          field(Field::counter);
        } else if (reader.take_atom("node_id")) {
          field(Field::node_id);
        } else if (reader.take_atom("time")) {
          field(Field::time);
        } else {
          reader.take_term();  // __struct__ and its atom
          reader.take_term();
        }
      }
    }
  }
  shape.tail_begin_ = shape.fixed_.size();
  keep_fixed();
  shape.learned_ = true;
  *this = std::move(shape);
}

bool RegisterShape::read(TermReader& reader, const TermReader::Outlined& outer,
                         store::RegisterView& reg, Bytes& key_scratch) const {
  if (!learned_) return false;
  TermReader ahead = reader;
  for (const Step& step : steps_) {
    if (!ahead.take_same(fixed(step))) return false;
    switch (step.field) {
      case Field::counter:
        if (!take_counter(ahead, reg.stamp.counter)) return false;
        break;
      case Field::node_id:
        if (!ahead.take_uint64(reg.stamp.node_id)) return false;
        break;
      case Field::time:
        if (!take_time_ms(ahead, reg.stamp.time_ms)) return false;
        break;
      case Field::key: {
        // Nearly always the very bytes that stand before the register.
        const ScannedTerm key =
            ahead.take_same(outer.term.bytes()) ? outer.term : ahead.take_term();
        const bool plain = outer.canonical && key.bytes().data() == outer.term.bytes().data() &&
                           key.size() <= store::key_bytes_max;
        if (plain) {
          reg.key = key.bytes();
          break;
        }
        const auto canonical = canonical_key(key, key_scratch);
        if (!canonical) return false;
        reg.key = *canonical;
        break;
      }
      case Field::value: {
        const TermReader::Outlined value = ahead.take_outlined();
        if (value.has_map && !check_unique_keys(value.term)) return false;
        reg.value = value.term.bytes();
        break;
      }
    }
  }
  if (!ahead.take_same(ByteView(fixed_).subspan(tail_begin_))) return false;
  reg.kind = store::RegisterKind::value;
  reg.expires_at_ms.reset();
  reader = ahead;
  return true;
}

}  // namespace groot::process
