// SPDX-License-Identifier: Apache-2.0
#include "muster/controller/service.hpp"

#include <csignal>
#include <optional>

#include "http_server.hpp"
#include "metrics.hpp"
#include "muster/controller/controller.hpp"
#include "muster/log.hpp"

namespace muster::controller {
namespace {

constexpr const char* lease_name = "muster-controller";
/// Giving the Lease back is a courtesy: whoever waits for it has it in 15 s anyway.
constexpr Duration farewell = std::chrono::seconds(2);

log::Level level_of(std::string_view name) {
    if (name == "debug") return log::Level::debug;
    if (name == "warning") return log::Level::warning;
    return name == "error" ? log::Level::error : log::Level::info;
}

class Service {
  public:
    Service(Reactor& reactor, const Clock& clock, kube::Client& client,
            const ServiceOptions& options, const kube::Config& config)
        : reactor_(reactor), clock_(clock), client_(client), options_(options), config_(config) {}

    Result<int> run() {
        TRY(reactor_.on_signals({SIGTERM, SIGINT}, [this](int signal) { stop(signal); }));
        if (options_.address != "none") {
            TRY_ASSIGN(auto server,
                       HttpServer::listen(reactor_, options_.address,
                                          [this](auto path) { return find_page(path); }));
            server_.emplace(std::move(server));
            log::info("listening port={}", server_->port());
        }
        if (options_.elects_leader)
            elect();
        else
            lead();
        reactor_.run();
        if (lost_)
            return fail(Kind::unavailable, "the Lease {} is lost: another controller may act now",
                        lease_name);
        return 0;
    }

  private:
    void lead() {
        controller_.emplace(
            client_, reactor_, clock_,
            Controller::Options{.name_space = options_.name_space, .image = options_.image});
    }

    void elect() {
        const auto name_space =
            options_.lease_namespace.empty() ? config_.name_space : options_.lease_namespace;
        elector_.emplace(
            client_, reactor_, clock_, name_space, lease_name,
            kube::Election::Options{.identity = kube::make_identity()},
            kube::Elector::Handlers{
                .on_lead =
                    [this] {
                        log::info("leading lease={}", lease_name);
                        lead();
                    },
                .on_lost =
                    [this] {
                        lost_ = true;
                        reactor_.stop();
                    },
                .on_other = [](const std::string& who) { log::info("waiting leader={}", who); },
                .on_trouble =
                    [](const kube::Failure& failure) {
                        log::warning("lease error=\"{}\"", failure.message);
                    }});
    }

    void stop(int signal) {
        log::info("stopping signal={}", signal);
        controller_.reset();  // nothing is done any more once the Lease is another's
        if (!elector_) return reactor_.stop();
        reactor_.after(farewell, [this] { reactor_.stop(); });
        elector_->release([this] { reactor_.stop(); });
    }

    HttpServer::Page find_page(std::string_view path) const {
        if (path == "/livez") return {200, "ok\n"};
        if (path == "/readyz") {
            // One that waits for the Lease does what it is there for.
            if (controller_ && !controller_->is_synced()) return {503, "not synced\n"};
            return {200, "ok\n"};
        }
        if (path == "/metrics")
            return {200, format_metrics(client_, controller_ ? &*controller_ : nullptr)};
        return {404, "/metrics, /livez, /readyz\n"};
    }

    Reactor& reactor_;
    const Clock& clock_;
    kube::Client& client_;
    const ServiceOptions& options_;
    const kube::Config& config_;
    std::optional<HttpServer> server_;
    std::optional<Controller> controller_;
    std::optional<kube::Elector> elector_;
    bool lost_ = false;
};

}  // namespace

Result<int> serve(const ServiceOptions& options, const Environment& environment) {
    log::configure("muster-controller", level_of(options.log_level));
    TRY_ASSIGN(const auto config,
               kube::find_config(environment, options.kubeconfig, options.context));
    const SystemClock clock;
    TRY_ASSIGN(auto reactor, Reactor::make(clock));
    TRY_ASSIGN(const auto client, kube::Client::make(reactor, clock, config));
    log::info("starting server={} namespace={}", config.server,
              options.name_space.empty() ? "*" : options.name_space);
    return Service(reactor, clock, *client, options, config).run();
}

}  // namespace muster::controller
