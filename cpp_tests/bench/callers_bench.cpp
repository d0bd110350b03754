// How many calls a second a node's storage process answers when many callers wait at once.
//
//   callers_bench NODE COOKIE CALLERS CALLS
//
// A hidden node of its own, over erl_interface, which costs a call much less than a BEAM's
// processes do: CALLERS calls {set, {k, I}, I} are under way at any time, CALLS in all, five times
// over. Prints one JSON object, us_each: microseconds for each call. Uses ERL_EPMD_PORT.
#include <arpa/inet.h>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>

#include <ei.h>

namespace {

constexpr int runs = 5;
constexpr const char* storage = "Elixir.Groot.Storage";

int fail(const char* why) {
  std::fprintf(stderr, "callers_bench: %s\n", why);
  return 1;
}

bool parse(const char* text, long& value) {
  const char* const end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, value);
  return parsed.ec == std::errc() && parsed.ptr == end && value > 0;
}

class Client {
 public:
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
    ei_x_free(&in_);
    ei_x_free(&out_);
  }
  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connect(char* node, const char* cookie) {
    in_addr address{};
    ::inet_pton(AF_INET, "127.0.0.1", &address);
    if (ei_init() != 0 || ei_x_new(&in_) != 0 || ei_x_new(&out_) != 0) return false;
    if (ei_connect_xinit(&self_, "127.0.0.1", "callers", "callers@127.0.0.1", &address, cookie,
                         1) != 0)
      return false;
    socket_ = ei_connect(&self_, node);
    return socket_ >= 0;
  }

  // {'$gen_call', {Pid, Caller}, {set, {k, I}, I}}
  bool call(long caller, long i) {
    out_.index = 0;
    ei_x_encode_version(&out_);
    ei_x_encode_tuple_header(&out_, 3);
    ei_x_encode_atom(&out_, "$gen_call");
    ei_x_encode_tuple_header(&out_, 2);
    ei_x_encode_pid(&out_, ei_self(&self_));
    ei_x_encode_long(&out_, caller);
    ei_x_encode_tuple_header(&out_, 3);
    ei_x_encode_atom(&out_, "set");
    ei_x_encode_tuple_header(&out_, 2);
    ei_x_encode_atom(&out_, "k");
    ei_x_encode_long(&out_, i);
    ei_x_encode_long(&out_, i);
    return ei_reg_send(&self_, socket_, const_cast<char*>(storage), out_.buff, out_.index) == 0;
  }

  // Which caller's call was answered by `ok`; -1 when anything else came.
  long answered() {
    erlang_msg about;
    int got = ERL_TICK;
    while (got == ERL_TICK) {
      in_.index = 0;
      got = ei_xreceive_msg(socket_, &about, &in_);
    }
    int at = 0;
    int version = 0;
    int arity = 0;
    long caller = -1;
    char word[MAXATOMLEN];
    if (got != ERL_MSG || ei_decode_version(in_.buff, &at, &version) != 0 ||
        ei_decode_tuple_header(in_.buff, &at, &arity) != 0 || arity != 2 ||
        ei_decode_long(in_.buff, &at, &caller) != 0 || ei_decode_atom(in_.buff, &at, word) != 0 ||
        std::strcmp(word, "ok") != 0) {
      return -1;
    }
    return caller;
  }

 private:
  ei_cnode self_{};
  int socket_ = -1;
  ei_x_buff in_{};
  ei_x_buff out_{};
};

bool run(Client& client, long callers, long calls) {
  long sent = 0;
  for (; sent < callers && sent < calls; ++sent) {
    if (!client.call(sent, sent)) return false;
  }
  for (long done = 0; done < calls; ++done) {
    const long caller = client.answered();
    if (caller < 0) return false;
    if (sent < calls && !client.call(caller, sent++)) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  long callers = 0;
  long calls = 0;
  if (argc != 5 || !parse(argv[3], callers) || !parse(argv[4], calls)) {
    return fail("usage: callers_bench NODE COOKIE CALLERS CALLS");
  }
  Client client;
  if (!client.connect(argv[1], argv[2])) return fail("the node cannot be reached");
  std::string figures;
  for (int i = 0; i < runs; ++i) {
    const auto before = std::chrono::steady_clock::now();
    if (!run(client, callers, calls)) return fail("a call was not answered");
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - before;
    figures += (i > 0 ? ", " : "") + std::to_string(took.count() / static_cast<double>(calls));
  }
  std::printf("{\"us_each\": [%s]}\n", figures.c_str());
  return 0;
}
