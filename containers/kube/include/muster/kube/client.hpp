// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "muster/base/reactor.hpp"
#include "muster/kube/api_server.hpp"
#include "muster/kube/config.hpp"

namespace muster::kube {

struct ClientOptions {
    double rate = 50;  ///< requests a second that are not urgent, over time
    double burst = 100;
    std::string user_agent = "muster-controller";
    unsigned in_flight = 64;  ///< at once; servers give a connection 100 streams (RFC 9113, 5.1.2)
    unsigned seed = 0;        ///< of the jitter; 0: a random one
};

/// An API server over HTTP/2: one connection for all requests and watches of a client. What the
/// server could not do now (429, 5xx) or did not answer is tried again with growing, jittered
/// pauses, or after what Retry-After says; callers see the last outcome. A dead connection is
/// noticed within a minute by the kernel's own probes, without a request.
class Client final : public ApiServer {
  public:
    /// How often a method ("GET") was answered with a code; 0: with none.
    using Counters = std::map<std::pair<std::string, int>, std::uint64_t>;

    /// Nothing is sent yet. Errors: config (server is no URL, a token over plain HTTP), internal.
    static Result<std::unique_ptr<Client>> make(Reactor& reactor, const Clock& clock,
                                                const Config& config,
                                                const ClientOptions& options = {});
    ~Client() override;

    CallId send(Request request, std::function<void(Answer)> done) override;
    CallId stream(Request request, std::function<void(std::string_view)> data,
                  std::function<void(std::optional<Failure>)> end) override;
    void cancel(CallId call) override;

    const Counters& counters() const;
    std::uint64_t connections() const;  ///< opened so far

  private:
    class State;
    explicit Client(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace muster::kube
