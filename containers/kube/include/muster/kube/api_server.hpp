// SPDX-License-Identifier: Apache-2.0
// What can be asked of an API server, and what it answers (Kubernetes, "API Concepts").
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/clock.hpp"
#include "muster/base/result.hpp"
#include "muster/json.hpp"

namespace muster::kube {

/// One request, as requests.hpp makes them.
struct Request {
    std::string method = "GET";
    std::string path;  ///< "/api/v1/namespaces/default/pods"
    std::vector<std::pair<std::string, std::string>> query = {};  ///< not yet percent-encoded
    std::string body = {};
    std::string content_type = {};
    Duration timeout = std::chrono::seconds(30);  ///< of one attempt
    /// Sent twice it does no more than sent once: it may be sent again when no answer came. Any
    /// request is sent again after 429, which says that nothing was done.
    bool is_idempotent = true;
    int attempts = 4;        ///< at most; 1: the first answer is the caller's
    bool is_urgent = false;  ///< it passes the rate limit: a lease is not lost behind a crowd
    bool can_wait = false;   ///< others go first: an Event keeps nobody from being served
};

/// Why there is no answer, or what the server answered instead.
struct Failure {
    int code = 0;         ///< HTTP's; 0: none came (network)
    std::string reason;   ///< of the Status object: "NotFound", "AlreadyExists", "Conflict", ...
    std::string message;  ///< one sentence that names the request and the cause, for people
    std::optional<Duration> retry_after;  ///< as the server asked for
    std::vector<std::string> causes;      ///< details.causes[].reason of the Status

    bool is_network() const { return code == 0; }
    bool is_not_found() const { return code == 404; }
    bool is_conflict() const { return code == 409; }  ///< AlreadyExists, too
    bool is_gone() const { return code == 410; }      ///< a resourceVersion too old
    bool is_invalid() const { return code == 422; }
    /// unavailable, denied (401, 403), config (404, 422 and other 4xx) or protocol.
    Error error() const;
};

using Answer = tl::expected<json::Value, Failure>;

/// The seam between what is asked and how it gets there. All callbacks come out of the event loop,
/// never out of send() or stream(), and may call anything here, but not destroy it.
class ApiServer {
  public:
    using CallId = std::uint64_t;  ///< 0 is no call
    virtual ~ApiServer() = default;

    /// Sends `request`; `done` is called once, unless it is cancelled.
    virtual CallId send(Request request, std::function<void(Answer)> done) = 0;

    /// Sends `request` once, past no rate limit, and passes on the body as it arrives, cut
    /// anywhere. `end` is called once, unless it is cancelled; without a failure when the server
    /// ended the body. A failing status is a failure, its body no data.
    virtual CallId stream(Request request, std::function<void(std::string_view)> data,
                          std::function<void(std::optional<Failure>)> end) = 0;

    /// No callback of this call is called any more; what was sent may still be done.
    virtual void cancel(CallId call) = 0;
};

}  // namespace muster::kube
