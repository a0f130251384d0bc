// SPDX-License-Identifier: Apache-2.0
// HTTP in the event loop: libcurl's multi interface over the reactor's descriptors and timers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/reactor.hpp"
#include "muster/kube/config.hpp"

namespace muster::kube {

/// One request as it goes out.
struct Exchange {
    std::string method;
    std::string target;  ///< path and query, percent-encoded
    std::vector<std::string> headers;
    std::string body;
    Duration timeout;
    bool has_fresh_connection = false;  ///< not the one on which the last attempt failed
};

/// How it ended.
struct Ending {
    int code = 0;                 ///< 0: there is no answer, or no whole one
    std::string cause = {};       ///< of that, in libcurl's words
    bool is_certificate = false;  ///< certificates are the cause: no other attempt mends that
    std::string retry_after = {};
};

/// All exchanges share one HTTP/2 connection where the server speaks that. Callbacks come out of
/// the event loop, never out of start() or cancel(), and may call both; none may destroy it.
class Transport {
  public:
    using Id = std::uint64_t;
    using OnData = std::function<void(int code, std::string_view)>;
    using OnEnd = std::function<void(const Ending&)>;

    /// Errors: config (the server is no URL), internal.
    static Result<std::unique_ptr<Transport>> make(Reactor& reactor, const Config& config);
    ~Transport();

    Id start(Exchange exchange, OnData on_data, OnEnd on_end);
    void cancel(Id id);
    std::uint64_t connections() const;

  private:
    class State;
    explicit Transport(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace muster::kube
