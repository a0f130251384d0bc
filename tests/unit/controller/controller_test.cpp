// SPDX-License-Identifier: Apache-2.0
#include "muster/controller/controller.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
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
    CallId stream(kube::Request request, std::function<void(std::string_view)> data,
                  std::function<void(std::optional<kube::Failure>)>) override {
        watches[request.path] = std::move(data);
        return 0;
    }
    void cancel(CallId) override {}

    /// Answers each list: with the MiniCluster where such are asked for, with `job` where Jobs are,
    /// and else with nothing.
    void answer_lists(std::string_view job = {}) {
        const auto lists = std::exchange(calls, {});
        for (const auto& [request, done] : lists) {
            const std::string_view there = request.path.ends_with("/miniclusters") ? minicluster
                                           : request.path.ends_with("/jobs")       ? job
                                                                                   : "";
            done(Value::parse(fmt::format(R"({{"metadata": {{"resourceVersion": "1"}},
                                               "items": [{}]}})",
                                          there))
                     .value());
        }
    }

    /// The watch of MiniClusters says that it is gone.
    void tell_of_its_end() {
        for (const auto& [path, data] : watches)
            if (path.ends_with("/miniclusters"))
                data(fmt::format("{{\"type\": \"DELETED\", \"object\": {}}}\n",
                                 Value::parse(minicluster).value().format()));
    }

    std::vector<std::pair<kube::Request, std::function<void(kube::Answer)>>> calls;
    std::map<std::string, std::function<void(std::string_view)>> watches;

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

/// One that MiniCluster "lab" of the server has, or another.
std::string job_of(std::string_view uid) {
    return fmt::format(
        R"({{"apiVersion": "batch/v1", "kind": "Job", "metadata": {{"name": "lab", "namespace":
             "hpc", "uid": "11", "resourceVersion": "7", "labels": {{"app.kubernetes.io/name":
             "lab"}}, "ownerReferences": [{{"kind": "MiniCluster", "name": "lab", "uid": "{}",
             "controller": true}}]}}}})",
        uid);
}

/// The DELETE requests when it is deleted while there is this Job.
std::vector<kube::Request> deletions_with(const std::string& job) {
    const SystemClock clock;
    auto reactor = Reactor::make(clock).value();
    SilentServer server;
    const Controller controller(server, reactor, clock, Controller::Options{.seed = 1});
    server.answer_lists(job);
    server.tell_of_its_end();
    std::vector<kube::Request> found;
    for (const auto& [request, done] : server.calls)
        if (request.method == "DELETE") found.push_back(request);
    return found;
}

TEST(Controller, AJobGoesWithItsMiniCluster) {
    const auto asked = deletions_with(job_of("0a1b2c3d"));
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].path, "/apis/batch/v1/namespaces/hpc/jobs/lab");
    const auto options = Value::parse(asked[0].body).value();
    EXPECT_EQ(options.get("preconditions").format(), R"({"uid":"11","resourceVersion":"7"})");
    EXPECT_EQ(options.get("propagationPolicy").as_string(), "Background");
    EXPECT_TRUE(deletions_with(job_of("another")).empty());
}

}  // namespace
}  // namespace muster::controller
