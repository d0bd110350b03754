#include "cnode/io/epmd_client.hpp"

#include <charconv>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/epmd_messages.hpp"
#include "cnode/dist/limits.hpp"
#include "cnode/io/limits.hpp"

namespace groot::io {

using dist::dist_errc;

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

void add_listed(const std::string& list, EpmdPlace& place) {
  std::istringstream items(list);
  for (std::string piece; std::getline(items, piece, ',');) {
    const std::string item(trimmed(piece));
    if (item.empty()) continue;
    AsioError no_address;
    const auto address = asio::ip::make_address(item, no_address);
    if (no_address) {
      place.not_understood += (place.not_understood.empty() ? "\"" : ", \"") + item + "\"";
    } else if (!address.is_loopback() && !address.is_unspecified()) {
      place.addresses.push_back(address);
    }
  }
}

}  // namespace

Result<EpmdPlace> epmd_place() {
  EpmdPlace place;
  place.port = dist::epmd_default_port;
  if (const char* text = std::getenv("ERL_EPMD_PORT"); text != nullptr && *text != '\0') {
    const std::string_view digits(text);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), place.port);
    if (error != std::errc() || end != digits.data() + digits.size() || place.port == 0) {
      return {dist_errc::connect_failed, "ERL_EPMD_PORT is no port number"};
    }
  }
  place.addresses = {asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};
  if (const char* text = std::getenv("ERL_EPMD_ADDRESS"); text != nullptr) {
    add_listed(text, place);
  }
  return place;
}

EpmdClient::EpmdClient(asio::io_context& context, EpmdPlace place,
                       const dist::Alive2Request& registration, Log log)
    : context_(context),
      place_(std::move(place)),
      alive_name_(registration.alive_name),
      log_(std::move(log)),
      socket_(context),
      timer_(context),
      request_(dist::encode(registration)) {}

void EpmdClient::start(Registered registered) {
  registered_ = std::move(registered);
  name_awaited_until_ = std::chrono::steady_clock::now() + epmd_name_wait;
  next_address_ = 0;
  failure_ = {};
  try_address();
}

void EpmdClient::try_address() {
  const std::uint64_t number = ++try_number_;
  answer_.clear();
  AsioError ignored;
  socket_.close(ignored);
  socket_ = tcp::socket(context_);
  timer_.expires_after(epmd_answer_timeout);
  timer_.async_wait([this, number](const AsioError& cancelled) {
    if (cancelled || number != try_number_) return;
    failed(Error{dist_errc::connect_failed, "no answer"});
  });
  const tcp::endpoint epmd(place_.addresses[next_address_], place_.port);
  socket_.async_connect(epmd, [this, number](const AsioError& error) {
    if (number != try_number_) return;
    if (error) return failed(Error{dist_errc::connect_failed, error.message()});
    set_close_on_exec(socket_.native_handle());
    send_request();
  });
}

void EpmdClient::send_request() {
  asio::async_write(socket_, asio::buffer(request_),
                    [this, number = try_number_](const AsioError& error, std::size_t) {
                      if (number != try_number_) return;
                      if (error) return failed(Error{dist_errc::connect_failed, error.message()});
                      read();
                    });
}

// Goes on after the answer: the end of this connection is the end of the entry.
void EpmdClient::read() {
  socket_.async_read_some(asio::buffer(piece_),
                          [this, number = try_number_](const AsioError& error, std::size_t count) {
                            if (number != try_number_) return;
                            if (is_registered_) return error ? lost() : read();
                            if (error)
                              return failed(Error{dist_errc::connect_failed, error.message()});
                            answer_.insert(answer_.end(), piece_.begin(),
                                           piece_.begin() + static_cast<std::ptrdiff_t>(count));
                            answered();
                          });
}

void EpmdClient::answered() {
  const auto response = dist::decode_alive2_response(answer_);
  if (!response) return failed(response.error());
  if (!response->has_value()) return read();
  if (!(*response)->registered) {
    return failed(Error{dist_errc::name_taken, "a node called \"" + alive_name_ +
                                                   "\" is already registered with epmd here"});
  }
  timer_.cancel();
  is_registered_ = true;
  read();
  if (registered_) {
    std::exchange(registered_, nullptr)((*response)->creation);
  } else {
    // The creation stays what it was: it is part of every pid that peers know of us.
    log_(LogLevel::info, "registered with epmd again");
  }
  told_ = false;
}

void EpmdClient::failed(Error reason) {
  ++try_number_;
  timer_.cancel();
  AsioError ignored;
  socket_.close(ignored);
  const bool answered = reason.code != dist_errc::connect_failed;
  if (!failure_.code || answered) failure_ = std::move(reason);
  if (!answered && ++next_address_ < place_.addresses.size()) return try_address();
  if (registered_) {
    if (failure_.code == dist_errc::name_taken &&
        std::chrono::steady_clock::now() < name_awaited_until_) {
      return retry_after(epmd_name_interval);
    }
    if (!answered) {
      failure_.detail = "no epmd at port " + std::to_string(place_.port) + " (" + failure_.detail +
                        "); start one with `epmd -daemon`";
    }
    return std::exchange(registered_, nullptr)(failure_);
  }
  if (failure_.code == dist_errc::name_taken && !told_) {
    told_ = true;
    log_(LogLevel::error, failure_.text() + "; trying until it is free");
  }
  retry_after(epmd_retry_interval);
}

void EpmdClient::lost() {
  is_registered_ = false;
  log_(LogLevel::warning, "epmd has closed our registration; registering again");
  retry_after(epmd_retry_interval);
}

void EpmdClient::retry_after(std::chrono::milliseconds wait) {
  const std::uint64_t number = ++try_number_;
  AsioError ignored;
  socket_.close(ignored);
  timer_.expires_after(wait);
  timer_.async_wait([this, number](const AsioError& cancelled) {
    if (cancelled || number != try_number_ || closed_) return;
    next_address_ = 0;
    failure_ = {};
    try_address();
  });
}

void EpmdClient::close() {
  closed_ = true;
  ++try_number_;
  timer_.cancel();
  AsioError ignored;
  socket_.close(ignored);
}

}  // namespace groot::io
