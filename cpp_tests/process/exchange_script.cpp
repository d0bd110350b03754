#include "exchange_script.hpp"

#include "cnode/process/term_append.hpp"

namespace groot::process::testing {

store::RegisterPtr hold(Script& script, const Held& held) {
  Bytes term;
  append_unsigned(term, static_cast<std::uint64_t>(held.key));
  const store::Timestamp stamp{static_cast<std::uint64_t>(wall_start_ms + held.time), 0, 9};
  Bytes value;
  append_unsigned(value, static_cast<std::uint64_t>(held.value.value_or(held.key)));
  store::RegisterView view{term, value, stamp, store::RegisterKind::value, held.deadline};
  if (held.deleted) {
    view = {term, store::nil_value(), stamp, store::RegisterKind::tombstone, std::nullopt};
  }
  store::Effects effects;
  script.replica.merge(0, view, script.now, effects);
  return store::Register::make(view);
}

rc::Gen<Held> any_held(int keys) {
  return rc::gen::exec([keys] {
    Held held{.key = *rc::gen::inRange(0, keys), .time = *rc::gen::inRange<std::int64_t>(-2, 3)};
    const int fate = *rc::gen::inRange(0, 4);
    held.deleted = fate == 0;
    held.value = *rc::gen::inRange(0, 3);
    if (fate == 1) held.deadline = wall_start_ms + *rc::gen::inRange<std::int64_t>(60'000, 60'003);
    return held;
  });
}

}  // namespace groot::process::testing
