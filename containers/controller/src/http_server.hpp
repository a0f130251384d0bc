// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "muster/base/reactor.hpp"

namespace muster::controller {

/// Answers GET of a few pages (libmicrohttpd) in the event loop: no thread, at most 32 connections,
/// each for 10 s at most.
class HttpServer {
  public:
    struct Page {
        int code = 404;
        std::string text = {};
    };
    using Find = std::function<Page(std::string_view path)>;

    /// Listens on "ADDRESS:PORT", an IPv6 address in brackets, or ":PORT" for all addresses.
    /// Errors: usage (no such address), io (taken, not allowed).
    static Result<HttpServer> listen(Reactor& reactor, const std::string& address, Find find);
    HttpServer(HttpServer&&) noexcept;
    ~HttpServer();

    int port() const;  ///< where the address said 0, the one that the kernel chose

  private:
    class State;
    explicit HttpServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace muster::controller
