// SPDX-License-Identifier: Apache-2.0
#include "muster/controller/controller.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace muster::controller {
namespace {

using json::Value;

/// One that answers when it is told to, and nothing of its own accord.
class SilentServer final : public kube::ApiServer {
  public:
    CallId send(kube::Request request, std::function<void(kube::Answer)> done) override {
        calls.emplace_back(std::move(request), std::move(done));
        return calls.size();
    }
    CallId stream(kube::Request, std::function<void(std::string_view)>,
                  std::function<void(std::optional<kube::Failure>)>) override {
        return 0;
    }
    void cancel(CallId) override {}

    /// Answers each list: with the MiniCluster where such are asked for, and else with nothing.
    void answer_lists() {
        const auto lists = std::exchange(calls, {});
        for (const auto& [request, done] : lists) {
            const bool is_main = request.path.ends_with("/miniclusters");
            done(Value::parse(fmt::format(R"({{"metadata": {{"resourceVersion": "1"}},
                                               "items": [{}]}})",
                                          is_main ? minicluster : ""))
                     .value());
        }
    }

    std::vector<std::pair<kube::Request, std::function<void(kube::Answer)>>> calls;

  private:
    static constexpr std::string_view minicluster =
        R"({"apiVersion": "flux-framework.org/v1alpha2", "kind": "MiniCluster",
            "metadata": {"name": "lab", "namespace": "hpc", "uid": "0a1b2c3d", "generation": 1},
            "spec": {"containers": [{"image": "app", "command": "hostname"}]}})";
};

TEST(Controller, DoesNothingAfterItsEnd) {
    const SystemClock clock;
    auto reactor = Reactor::make(clock).value();
    SilentServer server;
    std::optional<Controller> controller(std::in_place, server, reactor, clock,
                                         Controller::Options{.seed = 1});
    server.answer_lists();
    const auto deadline = Deadline::after(clock, std::chrono::seconds(30));
    while (server.calls.empty() && !deadline.passed(clock.now()))
        reactor.run(Deadline::after(clock, std::chrono::milliseconds(1)));
    ASSERT_EQ(server.calls.size(), 1U);
    const auto [request, done] = server.calls.front();
    EXPECT_EQ(request.path, "/api/v1/namespaces/hpc/secrets");
    controller.reset();
    // As when SIGTERM comes while a request is under way: its answer finds nobody.
    done(Value::parse(request.body).value());
    EXPECT_EQ(server.calls.size(), 1U);
}

TEST(Controller, WaitsForNoEvent) {
    const SystemClock clock;
    auto reactor = Reactor::make(clock).value();
    SilentServer server;
    const Controller controller(server, reactor, clock, Controller::Options{.seed = 1});
    server.answer_lists();
    const auto deadline = Deadline::after(clock, std::chrono::seconds(30));
    std::vector<std::string> asked;
    const auto has = [&](std::string_view end) {
        return std::ranges::any_of(asked, [&](const auto& path) { return path.ends_with(end); });
    };
    while (!has("/status") && !deadline.passed(clock.now())) {
        reactor.run(Deadline::after(clock, std::chrono::milliseconds(1)));
        for (const auto& [request, done] : std::exchange(server.calls, {})) {
            const bool is_event = request.path.ends_with("/events");
            EXPECT_EQ(request.can_wait, is_event) << request.path;
            asked.push_back(request.path);
            if (!is_event) done(Value::parse(request.body).value());
        }
    }
    EXPECT_TRUE(has("/events"));
    EXPECT_TRUE(has("/miniclusters/lab/status"));
}

}  // namespace
}  // namespace muster::controller
