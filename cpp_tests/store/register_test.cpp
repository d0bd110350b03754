#include "store/register.hpp"

#include <algorithm>
#include <limits>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "cpp_tests/store/script.hpp"
#include "ei_codec/limits.hpp"

using namespace groot;
using namespace groot::store;
using namespace groot::store::testing;

namespace {

// Few values, so that equal stamps and equal contents are common.
rc::Gen<RegisterPtr> any_register() {
  return rc::gen::exec([] {
    const Timestamp stamp{*rc::gen::inRange<std::uint64_t>(1, 3),
                          *rc::gen::inRange<std::uint16_t>(0, 2),
                          *rc::gen::inRange<std::uint64_t>(1, 3)};
    if (*rc::gen::inRange(0, 4) == 0) return make_tombstone("k", stamp);
    std::optional<std::int64_t> deadline;
    if (*rc::gen::arbitrary<bool>()) deadline = *rc::gen::inRange<std::int64_t>(1, 3);
    return make_value("k", *rc::gen::element<std::string>("", "a", "ab", "b"), stamp, deadline);
  });
}

}  // namespace

TEST_CASE("a register gives back what it was made of") {
  const Timestamp stamp{time_ms_max, 65535, std::numeric_limits<std::uint64_t>::max()};
  const RegisterPtr reg = make_value("key", "value", stamp, 42);
  CHECK(text_of(reg->key()) == "key");
  CHECK(text_of(reg->value()) == "value");
  CHECK(reg->stamp() == stamp);
  CHECK(reg->kind() == RegisterKind::value);
  CHECK_FALSE(reg->is_tombstone());
  CHECK(reg->expires_at_ms() == 42);
  CHECK_FALSE(make_value("k", "", stamp)->expires_at_ms().has_value());
  CHECK(Register::make({})->key().empty());
  CHECK(Register::make({})->value().empty());

  const RegisterView view = reg->view();
  CHECK(text_of(view.key) == "key");
  CHECK(text_of(view.value) == "value");
  CHECK(view.stamp == stamp);
  CHECK(view.expires_at_ms == 42);
}

TEST_CASE("a large value stays in the buffer that it came in, unless that is much larger") {
  constexpr std::size_t size = ei_codec::kept_bytes_min;
  const auto made_of = [](std::size_t value_size, std::size_t buffer_size) {
    const auto buffer = std::make_shared<MessageBuffer>();
    buffer->append(Bytes(buffer_size, 7));
    const ByteView value = buffer->bytes().last(value_size);
    const Bytes key = term("key");
    const RegisterPtr reg =
        Register::make({key, value, {1, 2, 3}, RegisterKind::value, 42, buffer.get()});
    CHECK(text_of(reg->key()) == "key");
    CHECK(reg->expires_at_ms() == 42);
    const bool kept = buffer.use_count() == 2;
    CHECK(kept == (reg->value().data() == value.data()));
    return std::pair(reg, kept);
  };
  CHECK(made_of(size, size).second);
  CHECK_FALSE(made_of(size - 1, size).second);
  CHECK(made_of(size, 4 * size).second);
  CHECK_FALSE(made_of(size, 4 * size + 4).second);

  // It outlives the buffer's other owners, and its bytes are shared by whoever sends them.
  ei_codec::SharedPiece piece;
  {
    const RegisterPtr reg = made_of(size, 2 * size).first;
    CHECK(ei_codec::same_bytes(reg->value(), Bytes(size, 7)));
    piece = shared_value(reg);
    CHECK(piece.bytes.data() == reg->value().data());
  }
  CHECK(ei_codec::same_bytes(piece.bytes, Bytes(size, 7)));

  const auto buffer = std::make_shared<MessageBuffer>();
  buffer->append(Bytes(size, 7));
  const Bytes key = term("key");
  const auto tombstone = Register::make(
      {key, buffer->bytes(), {1, 2, 3}, RegisterKind::tombstone, std::nullopt, buffer.get()});
  CHECK(buffer.use_count() == 1);
  CHECK(text_of(tombstone->value()) == "nil");
}

TEST_CASE("a tombstone's value is nil and it has no deadline, whatever it was made from") {
  const Bytes key = term("k");
  const Bytes value = term("left over");
  const RegisterPtr reg = Register::make({key, value, {1, 2, 3}, RegisterKind::tombstone, 42});
  CHECK(reg->is_tombstone());
  CHECK(text_of(reg->value()) == "nil");
  CHECK_FALSE(reg->expires_at_ms().has_value());
  CHECK(text_of(reg->key()) == "k");
}

TEST_CASE("keys that are lists are known by their first byte") {
  for (const auto tag : Bytes{106, 107, 108}) {
    const Bytes key{tag};
    CHECK(Register::make({.key = key, .value = {}, .stamp = {}})->key_is_list());
  }
  for (const auto tag : Bytes{105, 109, 104, 119, 97}) {
    const Bytes key{tag};
    CHECK_FALSE(Register::make({.key = key, .value = {}, .stamp = {}})->key_is_list());
  }
  CHECK_FALSE(Register::make({})->key_is_list());
}

TEST_CASE("RegisterPtr shares one register") {
  RegisterPtr a = make_value("k", "v", {1, 0, 1});
  const RegisterPtr b = a;
  CHECK(a == b);
  CHECK(a != make_value("k", "v", {1, 0, 1}));
  const RegisterPtr c = std::move(a);
  CHECK(a == nullptr);
  CHECK_FALSE(a);
  CHECK(c == b);
  a = c;
  CHECK(a.get() == b.get());
  a = nullptr;
  CHECK(text_of(c) == "v");
  CHECK(RegisterPtr(c.get()) == c);
}

TEST_CASE("threads may copy and drop pointers to one register at once") {
  const RegisterPtr shared = make_value("k", "v", {1, 0, 1});
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([copy = shared] {
      for (int i = 0; i < 10'000; ++i) {
        const RegisterPtr again = copy;
        if (again->stamp().node_id != 1) std::abort();
      }
    });
  }
  threads.clear();
  CHECK(text_of(shared) == "v");
}

TEST_CASE("merge order: stamp, tombstone, value bytes, deadline") {
  const auto greater = [](const RegisterPtr& a, const RegisterPtr& b) {
    return merge_order(a->view(), b->view()) > 0 && merge_order(b->view(), a->view()) < 0;
  };
  const Timestamp early{1, 0, 1};
  const Timestamp late{1, 0, 2};
  CHECK(greater(make_value("k", "a", late), make_tombstone("k", early)));
  CHECK(greater(make_tombstone("k", late), make_value("k", "z", early)));
  CHECK(greater(make_tombstone("k", early), make_value("k", "z", early, 9)));
  CHECK(greater(make_value("k", "b", early), make_value("k", "a", early, 9)));
  CHECK(greater(make_value("k", "a", early, 1), make_value("k", "a", early)));
  CHECK(greater(make_value("k", "a", early, 2), make_value("k", "a", early, 1)));
  // Bytes are unsigned, and a prefix is the lesser.
  const Bytes low{0x01};
  const Bytes high{0xff};
  const Bytes longer{0x01, 0x00};
  CHECK(merge_order({.key = {}, .value = high, .stamp = {}},
                    {.key = {}, .value = low, .stamp = {}}) > 0);
  CHECK(merge_order({.key = {}, .value = longer, .stamp = {}},
                    {.key = {}, .value = low, .stamp = {}}) > 0);
  CHECK(merge_order({.key = {}, .value = {}, .stamp = {}}, {.key = {}, .value = low, .stamp = {}}) <
        0);
}

TEST_CASE("property: the merge order is total") {
  CHECK(rc::check("antisymmetric and transitive", [] {
    const RegisterPtr a = *any_register();
    const RegisterPtr b = *any_register();
    const RegisterPtr c = *any_register();
    const auto ab = merge_order(a->view(), b->view());
    RC_ASSERT((ab > 0) == (merge_order(b->view(), a->view()) < 0));
    RC_ASSERT((ab == 0) == (describe(*a) == describe(*b)));
    if (ab >= 0 && merge_order(b->view(), c->view()) >= 0) {
      RC_ASSERT((merge_order(a->view(), c->view()) >= 0));
    }
  }));
}

TEST_CASE("an expired version turns into a tombstone that any later write beats") {
  const RegisterPtr reg = make_value("k", "v", {5, 6, 7}, 100);
  const RegisterPtr gone = Register::make(expiry_tombstone(reg->view()));
  CHECK(describe(*gone) == "k deleted@5.6@0000000000000008");
  CHECK(merge_order(gone->view(), reg->view()) > 0);
  CHECK(merge_order(make_value("k", "w", {5, 7, 0})->view(), gone->view()) > 0);
}
