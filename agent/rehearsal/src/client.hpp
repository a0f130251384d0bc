// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client_address.hpp"
#include "muster/base/environment.hpp"
#include "muster/base/fd.hpp"

namespace muster::rehearsal {

/// A client's connection to its broker.
class Client {
  public:
    /// Connects to FLUX_URI, or to the socket that a broker of a system build has.
    /// Errors: unavailable, with Flux's text.
    static Result<Client> connect(const Environment& environment);

    /// Sends a request; the value is its number, which its answers carry as "request".
    /// Errors: unavailable, when the broker is gone.
    Result<std::int64_t> send(std::string_view topic, json::Value body);

    /// The next answer; nothing when one of the signals of catch_signals() came first.
    /// Errors: unavailable, when the broker is gone.
    Result<std::optional<Message>> receive();

    /// send() and the body of its `done`. Errors: unavailable; usage, with the broker's text.
    Result<json::Value> ask(std::string_view topic, json::Value body);

    /// From now on SIGINT, SIGTERM and SIGHUP end receive() instead of the process.
    Result<void> catch_signals();
    /// The last one caught, 0 for none.
    int caught() const { return caught_; }

  private:
    explicit Client(Fd fd) : fd_(std::move(fd)) {}
    bool take_signal();

    Fd fd_;
    Fd signals_;
    FrameBuffer in_;
    std::int64_t last_request_ = 0;
    int caught_ = 0;
};

}  // namespace muster::rehearsal
