#include "cpp_tests/node/real_epmd.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <signal.h>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include "cnode/io/asio_support.hpp"
#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"

namespace groot {
namespace {

namespace asio = boost::asio;
using io::AsioError;
using io::tcp;

const ei_codec::Bytes names_request{0, 1, 110};

std::uint16_t free_port() {
  asio::io_context context;
  const tcp::acceptor probe(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  return probe.local_endpoint().port();
}

// epmd's whole answer, or nothing when none listens.
std::optional<ei_codec::Bytes> ask(std::uint16_t port, const ei_codec::Bytes& request) {
  asio::io_context context;
  tcp::socket socket(context);
  AsioError error;
  socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port), error);
  if (error) return std::nullopt;
  asio::write(socket, asio::buffer(request), error);
  ei_codec::Bytes answer(65536);
  answer.resize(asio::read(socket, asio::buffer(answer), error));
  return answer;
}

// Nothing tells when another process listens, or has stopped to.
void await_listening(std::uint16_t port, bool listening) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (ask(port, names_request).has_value() != listening) {
    invariant(std::chrono::steady_clock::now() < give_up, "epmd starts and stops within 10 s");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

bool is_installed() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((std::filesystem::path(folder) / "epmd").c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

bool epmd_is_missing() {
  if (is_installed()) return false;
  MESSAGE("skipped: there is no epmd program on this machine");
  return true;
}

RealEpmd::RealEpmd(bool started) : port_(free_port()) {
  ::setenv("ERL_EPMD_PORT", std::to_string(port_).c_str(), 1);
  if (started) start();
}

RealEpmd::~RealEpmd() {
  stop();
  ::unsetenv("ERL_EPMD_PORT");
}

void RealEpmd::start() {
  std::string program = "epmd";
  char* const arguments[] = {program.data(), nullptr};
  const int failure =
      ::posix_spawnp(&process_, program.c_str(), nullptr, nullptr, arguments, environ);
  invariant(failure == 0, "epmd can be run");
  await_listening(port_, true);
}

void RealEpmd::stop() {
  if (process_ == 0) return;
  ::kill(process_, SIGTERM);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
  await_listening(port_, false);
}

void RealEpmd::stop_started() {
  // KILL; refused while names are registered.
  (void)ask(port_, {0, 1, 107});
  await_listening(port_, false);
}

std::vector<std::string> RealEpmd::names() const {
  // epmd's port in four bytes, then lines: name NAME at port PORT.
  const auto answer = ask(port_, names_request);
  std::vector<std::string> names;
  if (!answer || answer->size() < 4) return names;
  std::istringstream words(std::string(answer->begin() + 4, answer->end()));
  for (std::string word; words >> word;) {
    if (word == "name" && words >> word) names.push_back(word);
  }
  return names;
}

}  // namespace groot
