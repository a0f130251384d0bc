// SPDX-License-Identifier: Apache-2.0
// The Kubernetes client from a command line, for tests against API servers good and bad:
//     kube-driver KUBECONFIG WORD...
// prints one JSON object a line of what happens. WORDs, in their order, all at once:
//     get PATH | delete PATH | post PATH BODY | apply PATH BODY    a request; its answer is a line
//     watch PATH-OF-CORE-RESOURCE SELECTOR                          a ListWatch; changes are lines
//     lead NAMESPACE/NAME IDENTITY MS                               an election; MS is its retry
//     period until N      ends after N lines, with the counters as one more
// SIGTERM ends it as well, and gives a lease back first.
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "muster/kube.hpp"

using namespace muster;

namespace {

std::int64_t number(const std::string& text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

json::Value text(std::string_view words) {
    return json::Value::string(words);
}

class Driver {
  public:
    Driver(Reactor& reactor, const Clock& clock, kube::Client& client)
        : reactor_(&reactor), clock_(&clock), client_(&client) {}

    void read(const std::vector<std::string>& words);
    void stop();

  private:
    void print(const json::Value& line);
    void print_failure(const std::string& what, const kube::Failure& failure);
    void send(const std::string& what, kube::Request request);
    void watch(const std::string& plural, const std::string& selector);
    void lead(const std::string& target, const std::string& identity, std::int64_t ms);
    void print_counters();

    Reactor* reactor_;
    const Clock* clock_;
    kube::Client* client_;
    std::vector<std::string> kept_;  ///< what Resources point to
    std::vector<std::unique_ptr<kube::ListWatch>> watches_;
    std::unique_ptr<kube::Elector> elector_;
    Duration timeout_ = std::chrono::seconds(30);
    std::uint32_t page_ = 3;
    std::int64_t left_ = -1;
};

void Driver::print(const json::Value& line) {
    std::printf("%s\n", line.format().c_str());
    std::fflush(stdout);
    if (--left_ == 0) reactor_->stop();
}

void Driver::print_failure(const std::string& what, const kube::Failure& failure) {
    auto line = json::Value::object();
    line.set("what", text(what)).set("code", json::Value::integer(failure.code));
    line.set("reason", text(failure.reason)).set("message", text(failure.message));
    print(line);
}

void Driver::print_counters() {
    auto line = json::Value::object();
    for (const auto& [row, count] : client_->counters())
        line.set(fmt::format("{} {}", row.first, row.second),
                 json::Value::integer(static_cast<std::int64_t>(count)));
    line.set("connections",
             json::Value::integer(static_cast<std::int64_t>(client_->connections())));
    left_ = -1;
    print(line);
}

void Driver::send(const std::string& what, kube::Request request) {
    request.timeout = timeout_;
    client_->send(std::move(request), [this, what](const kube::Answer& answer) {
        if (!answer) return print_failure(what, answer.error());
        print(json::Value::object().set("what", text(what)).set("answer", *answer));
    });
}

void Driver::watch(const std::string& plural, const std::string& selector) {
    watches_.push_back(std::make_unique<kube::ListWatch>(
        *client_, *reactor_,
        kube::ListWatch::Options{
            .resource = {"", "v1", plural}, .label_selector = selector, .page = page_, .seed = 1},
        [this](const kube::Change& change) {
            constexpr std::array names{"added", "modified", "deleted", "synced"};
            auto line = json::Value::object();
            line.set("what", text(names.at(static_cast<std::size_t>(change.what))));
            const auto metadata = change.object.get("metadata");
            for (const char* key : {"name", "uid", "resourceVersion"})
                if (metadata.has(key)) line.set(key, metadata.get(key));
            print(line);
        },
        [this](const kube::Failure& failure, Duration) { print_failure("trouble", failure); }));
}

void Driver::lead(const std::string& target, const std::string& identity, std::int64_t ms) {
    const auto slash = target.find('/');
    const auto say = [this](const char* what) {
        return [this, what] { print(json::Value::object().set("what", text(what))); };
    };
    const std::chrono::milliseconds period(ms);
    elector_ = std::make_unique<kube::Elector>(
        *client_, *reactor_, *clock_, target.substr(0, slash), target.substr(slash + 1),
        kube::Election::Options{.identity = identity,
                                .duration = period * 15 / 2,
                                .renew_deadline = period * 5,
                                .retry_period = period},
        kube::Elector::Handlers{
            .on_lead = say("lead"),
            .on_lost = say("lost"),
            .on_other =
                [this](const std::string& who) {
                    print(json::Value::object().set("what", text("other")).set("who", text(who)));
                },
            .on_trouble = [this](const kube::Failure& f) { print_failure("trouble", f); }});
}

void Driver::read(const std::vector<std::string>& words) {
    kept_ = words;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = kept_[i];
        if (word == "timeout") timeout_ = std::chrono::milliseconds(number(kept_.at(++i)));
        if (word == "page") page_ = static_cast<std::uint32_t>(number(kept_.at(++i)));
        if (word == "until") left_ = number(kept_.at(++i));
        if (word == "get") send(word, {.path = kept_.at(++i)});
        if (word == "late") send(word, {.path = kept_.at(++i), .can_wait = true});
        if (word == "delete") send(word, {.method = "DELETE", .path = kept_.at(++i)});
        if (word == "post" || word == "apply") {
            const bool is_post = word == "post";
            send(word,
                 {.method = is_post ? "POST" : "PATCH",
                  .path = kept_.at(i + 1),
                  .query = {{"fieldManager", kube::field_manager}},
                  .body = kept_.at(i + 2),
                  .content_type = is_post ? "application/json" : "application/apply-patch+yaml",
                  .is_idempotent = !is_post});
            i += 2;
        }
        if (word == "watch") {
            watch(kept_.at(i + 1), kept_.at(i + 2));
            i += 2;
        }
        if (word == "lead") {
            lead(kept_.at(i + 1), kept_.at(i + 2), number(kept_.at(i + 3)));
            i += 3;
        }
    }
}

void Driver::stop() {
    watches_.clear();
    if (elector_) {
        left_ = -1;
        elector_->release([this] { reactor_->stop(); });
        reactor_->run();
    }
    print_counters();
}

int fail_with(const Error& error) {
    std::fprintf(stderr, "kube-driver: %s\n", error.message.c_str());
    return exit_code(error.kind);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const SystemClock clock;
    auto reactor = Reactor::make(clock);
    if (!reactor) return fail_with(reactor.error());
    const auto config = kube::find_config(environment(), words.at(0));
    if (!config) return fail_with(config.error());
    const auto client = kube::Client::make(*reactor, clock, *config, {.seed = 1});
    if (!client) return fail_with(client.error());
    Driver driver(*reactor, clock, **client);
    const auto signals = reactor->on_signals({SIGTERM}, [&](int) { reactor->stop(); });
    if (!signals) return fail_with(signals.error());
    driver.read({words.begin() + 1, words.end()});
    reactor->run();
    driver.stop();
    return 0;
}
