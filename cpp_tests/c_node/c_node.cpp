// A C node as users make them, with erl_interface and nothing of ours: the other side of
// c_node_SUITE.
//
//   c_node connect NODE COOKIE MS    connects to NODE
//   c_node accept NODE COOKIE MS     says that it waits, until NODE connects
//
// As c1@127.0.0.1 it uses Groot in each way that erl_interface has, and says so. Then it hears
// nothing but ticks for MS milliseconds, calls once more, and says how many ticks there were. When
// anything else comes, it says what and ends with status 1. Uses ERL_EPMD_PORT.
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unistd.h>

#include <ei.h>

namespace {

constexpr const char* host = "127.0.0.1";
constexpr unsigned patience_ms = 10'000;

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

[[noreturn]] void fail(const std::string& what) {
  say("failed: " + what + ", erl_errno " + std::to_string(erl_errno));
  std::exit(1);
}

class Buffer {
 public:
  Buffer() { ei_x_new(&x_); }
  ~Buffer() { ei_x_free(&x_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  ei_x_buff* operator->() { return &x_; }
  ei_x_buff* get() { return &x_; }
  // The term at `index`, as Erlang text.
  std::string text(int index = 0) {
    char* printed = nullptr;
    if (ei_s_print_term(&printed, x_.buff, &index) < 0) fail("a term cannot be read");
    std::string text(printed);
    std::free(printed);
    return text;
  }

 private:
  ei_x_buff x_{};
};

class Connection {
 public:
  Connection(std::string_view how, char* node, const char* cookie) {
    in_addr address{};
    ::inet_pton(AF_INET, host, &address);
    if (ei_init() != 0 ||
        ei_connect_xinit(&self_, host, "c1", "c1@127.0.0.1", &address, cookie, 1) != 0) {
      fail("no node");
    }
    socket_ = how == "accept" ? accept() : ei_connect(&self_, node);
    if (socket_ < 0) fail("no connection");
  }

  // gen_server:call(Storage, Request), by its name or by its pid. Only the reply may come.
  std::string call(const std::string& request, erlang_pid* storage = nullptr) {
    Buffer out;
    const std::string format = "{'$gen_call',{~p,~i}," + request + "}";
    if (ei_x_format(out.get(), format.c_str(), ei_self(&self_), ++calls_) != 0) fail("no request");
    std::string name = "Elixir.Groot.Storage";
    const int sent = storage != nullptr
                         ? ei_send(socket_, storage, out->buff, out->index)
                         : ei_reg_send(&self_, socket_, name.data(), out->buff, out->index);
    if (sent != 0) fail("not sent: " + request);

    Buffer in;
    int got = ERL_TICK;
    while (got == ERL_TICK) got = receive(in, patience_ms);
    int at = 0;
    int version = 0;
    int arity = 0;
    long tag = 0;
    if (got != ERL_MSG || ei_decode_version(in->buff, &at, &version) != 0 ||
        ei_decode_tuple_header(in->buff, &at, &arity) != 0 || arity != 2 ||
        ei_decode_long(in->buff, &at, &tag) != 0 || tag != calls_) {
      fail("no answer to " + request);
    }
    return in.text(at);
  }

  void rpc(std::string module, std::string function, const char* arguments, Buffer& result) {
    Buffer list;
    if (ei_x_format_wo_ver(list.get(), arguments) != 0 ||
        ei_rpc(&self_, socket_, module.data(), function.data(), list->buff, list->index,
               result.get()) < 0) {
      fail("no answer to " + module + ":" + function);
    }
  }

  // Nothing but ticks; how many.
  int quiet(std::chrono::milliseconds time) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + time;
    for (int ticks = 0;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
      if (left <= 0) return ticks;
      Buffer in;
      const int got = receive(in, static_cast<unsigned>(left));
      if (got == ERL_TICK) {
        ++ticks;
      } else if (got != ERL_ERROR || erl_errno != ETIMEDOUT) {
        fail("heard operation " + std::to_string(about_.msgtype));
      }
    }
  }

 private:
  int accept() {
    int port = 0;
    const int listener = ei_listen(&self_, &port, 1);
    if (listener < 0 || ei_publish(&self_, port) < 0) fail("not listening");
    say("waiting");
    ErlConnect from;
    return ei_accept(&self_, listener, &from);
  }

  int receive(Buffer& in, unsigned ms) {
    about_.msgtype = 0;
    return ei_xreceive_msg_tmo(socket_, &about_, in.get(), ms);
  }

  ei_cnode self_{};
  int socket_ = -1;
  int calls_ = 0;
  erlang_msg about_{};
};

void expect(const std::string& got, std::string_view wanted) {
  if (!got.starts_with(wanted)) fail("got " + got + " for " + std::string(wanted));
}

void use_groot(Connection& connection) {
  expect(connection.call("{set,{c1,1},v}"), "ok");
  expect(connection.call("{get,{c1,1}}"), "v");
  expect(connection.call("{get,{c1,none}}"), "nil");
  expect(connection.call("{no_such,request}"), "{error, {unknown_request");
  const auto rpc = [&](const char* function, const char* arguments) {
    Buffer result;
    connection.rpc("Elixir.Groot", function, arguments, result);
    return result.text();
  };
  expect(rpc("get", "[{c1,1}]"), "v");
  expect(rpc("set", "[{c1,2},w]"), "ok");
  expect(rpc("no_such_function", "[]"), "{badrpc, {'EXIT', {undef");

  Buffer result;
  connection.rpc("erlang", "whereis", "['Elixir.Groot.Storage']", result);
  erlang_pid storage{};
  int at = 0;
  if (ei_decode_pid(result->buff, &at, &storage) != 0) fail("no pid of the storage process");
  expect(connection.call("{get,{c1,2}}", &storage), "w");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) fail("usage: c_node connect|accept NODE COOKIE MS");
  Connection connection(argv[1], argv[2], argv[3]);
  use_groot(connection);
  say("calls answered");
  const int ticks = connection.quiet(std::chrono::milliseconds(std::atol(argv[4])));
  expect(connection.call("{set,{c1,3},x}"), "ok");
  say("ticks: " + std::to_string(ticks));
  return 0;
}
